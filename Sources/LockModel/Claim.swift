/// An owner's wish to hold, or its hold on, one resource.
public struct Claim: Hashable, Sendable {
  /// What is locked, by its name in the cluster.
  public let resource: ResourceName
  /// In which mode it is held or wanted: at least what every use by the owner needs.
  public let mode: LockMode
  /// Which part of the domain wants it (``Resource/device``; `domain` for the domain itself), for
  /// messages.
  public let device: String
  /// Where it lies on this node (``ResourceSource/location``; the domain's name for the domain
  /// itself), for messages.
  public let location: String

  /// Only a wish, until an engine has granted it.
  public init(resource: ResourceName, mode: LockMode, device: String, location: String) {
    self.resource = resource
    self.mode = mode
    self.device = device
    self.location = location
  }

  /// The same claim in another mode.
  public func inMode(_ mode: LockMode) -> Claim {
    Claim(resource: resource, mode: mode, device: device, location: location)
  }
}
