/// An owner's wish to hold, or its hold on, one resource.
public struct Claim: Hashable, Sendable {
  /// Whether the owner uses all of what is locked.
  public enum Use: String, CaseIterable, Hashable, Sendable {
    /// All of it.
    case whole
    /// A part of it that no other part overlaps.
    case part
  }

  /// What is locked, by its name in the cluster.
  public let resource: ResourceName
  /// In which mode it is held or wanted: at least what every use by the owner needs.
  public let mode: LockMode
  /// What of it the owner uses.
  public let use: Use
  /// In which mode the owner uses that: what people are told. The same as ``mode`` but for a part, for
  /// which the whole is locked in a weaker one (``Footprint/locks(for:)``).
  public let purpose: LockMode
  /// Which part of the domain wants it (``Resource/device``; `domain` for the domain itself), for
  /// messages.
  public let device: String
  /// Where it lies on this node (``ResourceSource/location``; the domain's name for the domain
  /// itself), for messages.
  public let location: String

  /// Only a wish, until an engine has granted it.
  ///
  /// - Parameter purpose: nil for ``mode``.
  public init(
    resource: ResourceName, mode: LockMode, use: Use = .whole, purpose: LockMode? = nil,
    device: String, location: String
  ) {
    self.resource = resource
    self.mode = mode
    self.use = use
    self.purpose = purpose ?? mode
    self.device = device
    self.location = location
  }

  /// The same claim in another mode.
  public func inMode(_ mode: LockMode) -> Claim {
    Claim(
      resource: resource, mode: mode, use: use,
      purpose: purpose == self.mode ? mode : purpose, device: device, location: location)
  }
}
