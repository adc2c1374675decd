import AgentAPI
import LockModel
import ResourceIdentity

/// The configuration as it was read: what counts, and where each setting stands.
public struct ConfigurationFile: Hashable, Sendable {
  /// One setting, whether or not a file has it.
  public struct ShownSetting: Hashable, Sendable {
    /// As the file spells it: `engine`, `resources.pci`, `storage` for each `[[storage]]`.
    public let key: String
    /// The value that counts.
    public let value: JSON
    /// Where it stands; nil for a default.
    public let place: Configuration.Place?
  }

  /// The path of the main file, whether or not it is there.
  public let file: String
  /// What counts.
  public let configuration: Configuration
  private let places: [String: Configuration.Place]

  /// Reads the texts of files.
  ///
  /// - Parameters:
  ///   - dropIns: what comes after the main file, in that order: single settings override what came
  ///     before, list entries add to it.
  /// - Throws: ``Configuration/Mistakes`` for what is not TOML, for unknown keys, wrong types and
  ///   impossible values: all of them, also those that another file overrides.
  public init(
    text: String, file: String, dropIns: [(file: String, text: String)] = []
  ) throws(Configuration.Mistakes) {
    var reader = ConfigurationReader()
    reader.take(file: file, text: text, isMain: true)
    for dropIn in dropIns { reader.take(file: dropIn.file, text: dropIn.text, isMain: false) }
    guard reader.problems.isEmpty else {
      throw Configuration.Mistakes(problems: reader.problems)
    }
    self.file = file
    configuration = reader.configuration
    places = reader.places
  }

  /// All settings, in the order in which `etc/dlmguard.conf` explains them, list entries last.
  public var settings: [ShownSetting] {
    Setting.all.map { setting in
      ShownSetting(
        key: setting.key, value: setting.shown(configuration), place: places[setting.key])
    }
      + configuration.storages.map { storage in
        ShownSetting(
          key: "storage",
          value: .object(("name", .string(storage.name)), ("path", .string(storage.path))),
          place: places["storage/\(storage.name)"])
      }
      + configuration.networks.map { network in
        ShownSetting(
          key: "network",
          value: .object(
            ("name", .string(network.name)),
            ("protocol", .string(network.networkProtocol.rawValue)),
            ("hosts", .array(network.hosts.map { .string($0) }))),
          place: places["network/\(network.name)"])
      }
  }
}

extension Configuration {
  /// Reads the text of a main file without drop-ins.
  ///
  /// - Throws: ``Mistakes``, all of them.
  public init(toml text: String, file: String) throws(Mistakes) {
    self = try ConfigurationFile(text: text, file: file).configuration
  }
}
