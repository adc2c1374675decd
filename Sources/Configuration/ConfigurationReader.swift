import AgentAPI
import GuardCore
import LockModel
import ResourceIdentity
import TOMLKit

/// Puts a configuration together from one file after the other, and gathers what is wrong with them.
struct ConfigurationReader {
  private(set) var configuration = Configuration()
  /// Where each setting stands that is not a default; list entries as `storage/NAME`.
  private(set) var places: [String: Configuration.Place] = [:]
  /// In the order of the files and lines.
  private(set) var problems: [Configuration.Problem] = []

  private static let lists: Set<String> = ["storage", "network"]
  private static let tables: Set<String> = ["resources"]

  /// - Parameter isMain: whether libvirt's hook reads the file, too.
  mutating func take(file: String, text: String, isMain: Bool) {
    let layer: Layer
    do throws(Configuration.Problem) {
      layer = try Layer(file: file, text: text)
    } catch {
      return problems.append(error)
    }
    let former = problems
    problems = []
    takeSettings(of: layer, isMain: isMain)
    takeStorages(of: layer)
    takeNetworks(of: layer)
    complainOfTheRest(of: layer)
    if isMain { compareWithTheHook(layer) }
    problems.sort { ($0.line ?? .max, $0.problem) < ($1.line ?? .max, $1.problem) }
    problems = former + problems
  }

  private mutating func complain(_ key: String, of layer: Layer, _ problem: String) {
    // Those of a list's entries are numbered for their lines only.
    let name = key.split(separator: ".").filter { Int($0) == nil }.joined(separator: ".")
    problems.append(
      Configuration.Problem(
        file: layer.file, line: layer.lines[key], problem: "\(name): \(problem)"))
  }

  private mutating func takeSettings(of layer: Layer, isMain: Bool) {
    for setting in Setting.all {
      guard let value = layer[setting.key] else { continue }
      guard isMain || !HookSettings.keys.contains(setting.key) else {
        complain(
          setting.key, of: layer,
          "must stand in the main file: libvirt's hook reads it too, and reads only that one")
        continue
      }
      do throws(Setting.Complaint) {
        try setting.read(value, &configuration)
        places[setting.key] = layer.place(of: setting.key)
      } catch {
        complain(setting.key, of: layer, error.text)
      }
    }
  }

  private mutating func complainOfTheRest(of layer: Layer) {
    let known = Set(Setting.all.map(\.key))
    for key in layer.table.keys where !known.contains(key) && !Self.lists.contains(key) {
      guard Self.tables.contains(key) else {
        complain(key, of: layer, "is no setting of dlmguard")
        continue
      }
      guard let table = layer.table[key]?.table else {
        complain(key, of: layer, "is not a table: write [\(key)]")
        continue
      }
      for entry in table.keys where !known.contains("\(key).\(entry)") {
        complain(
          "\(key).\(entry)", of: layer,
          entry == "domain"
            ? "is no setting: the domain itself is always locked, by its UUID, so that it runs only "
              + "once; leave the line out"
            : "is no kind of resource; there are "
              + ResourceKind.allCases.map(\.rawValue).joined(separator: ", "))
      }
    }
  }

  /// The hook's own scanner must come to the same.
  private mutating func compareWithTheHook(_ layer: Layer) {
    guard !problems.contains(where: isAboutTheHook) else { return }
    do throws(HookSettings.Problem) {
      let hooks = try HookSettings(text: layer.text)
      guard hooks.socket == configuration.socket,
        Int64(hooks.hookTimeout) == configuration.hookTimeout,
        hooks.sessionStarts == configuration.sessionStarts,
        hooks.mode == configuration.policy.mode
      else {
        return problems.append(
          Configuration.Problem(
            file: layer.file, line: nil,
            problem:
              "socket, hook_timeout_ms, session_starts and mode must stand on lines of their "
              + "own, as key = value before any [table]: libvirt's hook reads them no other way"))
      }
    } catch {
      problems.append(
        Configuration.Problem(
          file: layer.file, line: error.line, problem: "\(error.key): \(error.problem)"))
    }
  }

  private func isAboutTheHook(_ problem: Configuration.Problem) -> Bool {
    HookSettings.keys.contains { problem.problem.hasPrefix("\($0):") }
  }
}

// MARK: - Lists of tables

extension ConfigurationReader {
  /// One `[[…]]` of a list.
  private struct Entry {
    let fields: TOMLTable
    /// `storage.0`
    let key: String
  }

  /// Tables with a `name`, which every node gives to the same storage, and a `path`, each once.
  private mutating func takeStorages(of layer: Layer) {
    for entry in entries(of: "storage", ["name", "path"], layer) {
      guard let name = name(of: entry, layer),
        let path = field("path", of: entry, layer, Setting.absolute),
        isFresh(name, "storage", entry, layer)
      else { continue }
      if let other = configuration.storages.first(where: { $0.path == path }) {
        complain("\(entry.key).path", of: layer, "is that of the storage \"\(other.name)\" already")
        continue
      }
      configuration.storages.append(Storage(name: name, path: path))
    }
  }

  /// Tables with a `name`, which every node gives to the same servers, a `protocol`, and `hosts`.
  private mutating func takeNetworks(of layer: Layer) {
    for entry in entries(of: "network", ["name", "protocol", "hosts"], layer) {
      // Where others have a server's name, they have its port after a colon.
      guard let name = name(of: entry, layer, without: "/:"),
        let kind = field(
          "protocol", of: entry, layer,
          { text throws(Setting.Complaint) in
            try Setting.choice(text, of: NetworkImage.NetworkProtocol.self)
          }),
        let hosts = hosts(of: entry, layer), isFresh(name, "network", entry, layer)
      else { continue }
      let others = configuration.networks.filter { $0.networkProtocol == kind }
      if let other = others.first(where: { $0.hosts.contains(where: hosts.contains) }) {
        complain(
          "\(entry.key).hosts", of: layer,
          "has a host of the network \"\(other.name)\", which is \(kind.rawValue) as well")
        continue
      }
      configuration.networks.append(NetworkStorage(name: name, networkProtocol: kind, hosts: hosts))
    }
  }

  private mutating func entries(
    of list: String, _ fields: Set<String>, _ layer: Layer
  ) -> [Entry] {
    guard let value = layer.table[list] else { return [] }
    guard let array = value.array else {
      complain(list, of: layer, "is not a list: write [[\(list)]]")
      return []
    }
    var entries: [Entry] = []
    for (index, element) in array.enumerated() {
      let key = "\(list).\(index)"
      guard let table = element.table else {
        complain(key, of: layer, "is not a list of tables: write [[\(list)]]")
        continue
      }
      for unknown in table.keys where !fields.contains(unknown) {
        complain("\(key).\(unknown)", of: layer, "is no setting of a [[\(list)]]")
      }
      entries.append(Entry(fields: table, key: key))
    }
    return entries
  }

  private mutating func field<Value>(
    _ field: String, of entry: Entry, _ layer: Layer,
    _ read: (String) throws(Setting.Complaint) -> Value
  ) -> Value? {
    let key = "\(entry.key).\(field)"
    guard let value = entry.fields[field] else {
      complain(key, of: layer, "is missing")
      return nil
    }
    do throws(Setting.Complaint) {
      return try read(try Setting.text(value))
    } catch {
      complain(key, of: layer, error.text)
      return nil
    }
  }

  /// It becomes a part of resource names.
  private mutating func name(
    of entry: Entry, _ layer: Layer, without forbidden: String = "/"
  ) -> String? {
    field("name", of: entry, layer) { text throws(Setting.Complaint) in
      try Setting.word(text, 1...32, without: forbidden)
    }
  }

  private mutating func isFresh(
    _ name: String, _ list: String, _ entry: Entry, _ layer: Layer
  ) -> Bool {
    if let place = places["\(list)/\(name)"] {
      complain("\(entry.key).name", of: layer, "\"\(name)\" is taken at \(place)")
      return false
    }
    places["\(list)/\(name)"] = layer.place(of: entry.key)
    return true
  }

  private mutating func hosts(of entry: Entry, _ layer: Layer) -> [String]? {
    let key = "\(entry.key).hosts"
    guard let value = entry.fields["hosts"] else {
      complain(key, of: layer, "is missing")
      return nil
    }
    guard let array = value.array, !array.isEmpty else {
      complain(key, of: layer, "is not a list of at least one text in quotes")
      return nil
    }
    var hosts: [String] = []
    for element in array {
      do throws(Setting.Complaint) {
        let host = try Setting.word(try Setting.text(element), 1...255, without: "/")
        guard !hosts.contains(host) else { throw Setting.Complaint("has \"\(host)\" twice") }
        hosts.append(host)
      } catch {
        complain(key, of: layer, error.text)
        return nil
      }
    }
    return hosts
  }
}
