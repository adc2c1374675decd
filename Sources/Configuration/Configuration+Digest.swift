import AgentAPI
import Directory
import LockModel
import ResourceIdentity

extension Configuration {
  /// What all nodes of a cluster must agree on, to be compared with theirs.
  public var digest: SettingsDigest {
    SettingsDigest([
      .readOnly: texts { $0 == "readonly" },
      .resources: texts { $0.hasPrefix("resources.") },
      // Where a node mounts it is its own affair.
      .storage: storages.map(\.name).sorted(),
      .network: networks.map { network in
        ([network.networkProtocol.rawValue, network.name] + network.hosts.sorted())
          .joined(separator: " ")
      }.sorted(),
      .unidentified: texts { $0 == "unidentified" },
      .fencing: texts { $0 == "allow_unfenced" },
    ])
  }

  /// The settings of those keys that are not what they are without a file: another version may have more
  /// of them.
  private func texts(where isMeant: (String) -> Bool) -> [String] {
    let standard = Configuration()
    return Setting.all.filter { isMeant($0.key) && $0.shown(self) != $0.shown(standard) }
      .map { "\($0.key)=\(String(decoding: $0.shown(self).bytes, as: UTF8.self))" }
  }
}
