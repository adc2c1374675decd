/// What looking at the storage told about one resource.
public struct Identification: Hashable, Sendable {
  public enum Result: Hashable, Sendable {
    case named(ResourceName)
    /// There is nothing (yet): libvirt may create it, or drop an optional disk.
    case absent
    /// It could not be told; why, for a person to read.
    case failed(String)
  }

  public let resource: Resource
  public let result: Result

  public init(resource: Resource, result: Result) {
    self.resource = resource
    self.result = result
  }
}
