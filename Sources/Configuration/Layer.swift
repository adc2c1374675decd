import TOMLKit

/// One file of the configuration, as far as TOML goes.
struct Layer {
  /// Its path, as it was given.
  let file: String
  let text: String
  let table: TOMLTable
  let lines: KeyLines

  /// - Throws: ``Configuration/Problem`` for what is not TOML: the first mistake only.
  init(file: String, text: String) throws(Configuration.Problem) {
    self.file = file
    self.text = text
    lines = KeyLines(text)
    // The library would take it for the end.
    guard !text.utf8.contains(0) else {
      throw Configuration.Problem(file: file, line: nil, problem: "holds a NUL byte")
    }
    // The library would end the program over some of these (assertions of its parse_key() and
    // parse_time()).
    if let line = lines.date {
      throw Configuration.Problem(
        file: file, line: line, problem: "holds a date or a time, which is no setting of dlmguard")
    }
    if let line = lines.namelessTable {
      throw Configuration.Problem(
        file: file, line: line, problem: "is no head of a table: write [name] or [[name]]")
    }
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      let line = Int(error.source.begin.line)
      guard let twice = lines.repetition, twice.line <= line else {
        throw Configuration.Problem(file: file, line: line, problem: error.description)
      }
      throw Configuration.Problem(
        file: file, line: twice.line,
        problem: "\(twice.key): stands there twice, first on line \(twice.first)")
    } catch {
      throw Configuration.Problem(file: file, line: nil, problem: "\(error)")
    }
  }

  /// The value of a setting, which may stand in a table: `resources.pci`.
  subscript(key: String) -> (any TOMLValueConvertible)? {
    guard let dot = key.firstIndex(of: ".") else { return table[key] }
    return table[String(key[..<dot])]?.table?[String(key[key.index(after: dot)...])]
  }

  func place(of key: String) -> Configuration.Place {
    Configuration.Place(file: file, line: lines[key])
  }
}
