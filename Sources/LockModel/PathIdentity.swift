/// What a node sees at a path.
public enum PathIdentity: Hashable, Sendable {
  /// It is there, and in the whole cluster these are its names; at least one.
  case named([ResourceName])
  /// There is nothing.
  case absent
  /// It could not be told; why, for a person to read.
  case failed(String)

  /// What looking at it has told.
  public init(_ result: Identification.Result) {
    switch result {
    case .named(let footprint): self = .named(footprint.itself)
    case .absent: self = .absent
    case .failed(let reason): self = .failed(reason)
    }
  }
}
