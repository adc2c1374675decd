import AgentAPI
import TOMLKit

/// One key of dlmguard.conf: how it is read and shown, and whether it can change while the agent
/// runs.
struct Setting: Sendable {
  /// What is wrong with a value: reads on after the key, `must be …`.
  struct Complaint: Error {
    let text: String

    init(_ text: String) {
      self.text = text
    }
  }

  /// Where the configuration keeps a value.
  typealias Path<Value> = any WritableKeyPath<Configuration, Value> & Sendable
  typealias Reading =
    @Sendable (any TOMLValueConvertible, inout Configuration) throws(Complaint) -> Void

  /// As the file spells it; in a table, after its name and a dot: `resources.pci`.
  let key: String
  /// Whether only a new agent takes another value.
  private(set) var isFixed = false
  let read: Reading
  /// The value that counts, whether or not it was set.
  let shown: @Sendable (Configuration) -> JSON
  /// Takes the value over from another configuration.
  let copy: @Sendable (Configuration, inout Configuration) -> Void

  /// A value of that kind, wherever the configuration keeps it.
  init<Value: Sendable>(
    _ key: String, _ path: Path<Value>,
    shown: @escaping @Sendable (Configuration) -> JSON,
    read: @escaping @Sendable (any TOMLValueConvertible) throws(Complaint) -> Value
  ) {
    self.key = key
    self.shown = shown
    self.read = { value, configuration throws(Complaint) in
      configuration[keyPath: path] = try read(value)
    }
    copy = { $1[keyPath: path] = $0[keyPath: path] }
  }

  /// The same setting, for one that is looked at only when the agent starts.
  var fixed: Setting {
    var setting = self
    setting.isFixed = true
    return setting
  }
}
