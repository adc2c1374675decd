/// Settings of dlmguard.conf that mean something only where all nodes have the same.
public enum SettingsGroup: UInt8, CaseIterable, Hashable, Sendable, Comparable {
  /// `readonly`.
  case readOnly = 1
  /// `[resources]`: what one node does not lock, another locks in vain.
  case resources = 2
  /// `[[storage]]`: one file must have one name.
  case storage = 3
  /// `[[network]]`: one image must have one name.
  case network = 4
  /// `unidentified`.
  case unidentified = 5
  /// `allow_unfenced`.
  case fencing = 6

  /// The words of dlmguard.conf.
  public var words: String {
    switch self {
    case .readOnly: "readonly"
    case .resources: "[resources]"
    case .storage: "[[storage]]"
    case .network: "[[network]]"
    case .unidentified: "unidentified"
    case .fencing: "allow_unfenced"
    }
  }

  /// In the order in which people are told.
  public static func < (lhs: SettingsGroup, rhs: SettingsGroup) -> Bool {
    lhs.rawValue < rhs.rawValue
  }
}

/// A configuration, as short as it takes to see whether two nodes have the same.
public struct SettingsDigest: Hashable, Sendable {
  private(set) var fingerprints: [SettingsGroup: UInt64]

  init(fingerprints: [SettingsGroup: UInt64]) {
    self.fingerprints = fingerprints
  }

  /// - Parameter texts: everything that a group says, in one order on all nodes.
  public init(_ texts: [SettingsGroup: [String]] = [:]) {
    fingerprints = texts.mapValues(Self.fingerprint)
  }

  /// Which groups differ. What one of the two does not speak of is no difference: another version
  /// may know more of them.
  public func differences(from other: SettingsDigest) -> [SettingsGroup] {
    fingerprints.filter { group, value in
      other.fingerprints[group].map { $0 != value } ?? false
    }.keys.sorted()
  }

  private static func fingerprint(_ texts: [String]) -> UInt64 {
    var fingerprint = Fingerprint()
    for text in texts {
      for byte in text.utf8 { fingerprint.take(byte) }
      // No text has such a byte, so that ["ab"] and ["a", "b"] differ.
      fingerprint.take(255)
    }
    return fingerprint.value
  }
}
