import AgentAPI
import Configuration

/// What the configuration comes to, for a person.
struct SettingsText {
  let file: ConfigurationFile
  let style: Style

  var lines: [String] {
    Table(
      ["SETTING", "VALUE", "FROM"],
      rows: file.settings.map { setting in
        [setting.key, setting.value.words, shown(setting.place?.description ?? "default")]
      }
    ).lines(style)
  }
}

extension ConfigurationFile {
  /// `file`, and `settings`: each with `key`, `value` (null for one that is not set and has no
  /// default) and `from` (`default`, or `FILE:LINE`). Each `[[storage]]` and `[[network]]` is one.
  var json: JSON {
    .object(
      ("file", .string(file)),
      (
        "settings",
        .array(
          settings.map { setting in
            .object(
              ("key", .string(setting.key)), ("value", setting.value),
              ("from", .string(setting.place?.description ?? "default")))
          })
      ))
  }
}

extension JSON {
  /// A setting's value as a word or a few, without the file's quotes and braces.
  fileprivate var words: String {
    switch self {
    case .null: "-"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .number(let number): "\(number)"
    case .string(let text): shown(text)
    case .array(let values): values.map(\.words).joined(separator: ", ")
    case .object(let members): members.map(\.value.words).joined(separator: "  ")
    }
  }
}
