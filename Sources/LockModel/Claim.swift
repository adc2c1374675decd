/// An owner's wish to hold, or its hold on, one resource.
public struct Claim: Hashable, Sendable {
  public let resource: ResourceName
  public let mode: LockMode
  /// Which part of the domain wants it (``Resource/device``), for messages.
  public let device: String
  /// Where it lies on this node (``ResourceSource/location``), for messages.
  public let location: String

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
