/// What looking at the storage told about one resource.
public struct Identification: Hashable, Sendable {
  /// Three answers, because "it is not there" may be harmless where "cannot tell" never is.
  public enum Result: Hashable, Sendable {
    /// It is there, and these are the names of what it is, and lies in, in the whole cluster.
    case named(Footprint)
    /// There is nothing (yet): libvirt may create it, or drop an optional disk.
    case absent
    /// It could not be told; why, for a person to read.
    case failed(String)
  }

  /// What was asked about.
  public let resource: Resource
  /// What it is, or why that is not known.
  public let result: Result

  /// - Parameter result: ``Result/failed(_:)``, too, for storage that did not answer in time.
  public init(resource: Resource, result: Result) {
    self.resource = resource
    self.result = result
  }
}
