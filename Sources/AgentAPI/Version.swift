/// The version of every program of this package.
public let dlmguardVersion = "0.1.0"
