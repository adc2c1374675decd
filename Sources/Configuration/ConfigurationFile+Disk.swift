import CLinux
import Glibc

extension ConfigurationFile {
  /// Reads a file and its drop-ins: `FILE.d/*.conf` in the order of their names' bytes. What is not
  /// there is empty. Any thread; blocks on the disk.
  ///
  /// - Parameter mustExist: whether the main file has to be there, because a person named it.
  /// - Throws: ``Configuration/Mistakes``: all of them, and what cannot be read.
  public init(at file: String, mustExist: Bool = false) throws(Configuration.Mistakes) {
    let texts: (main: String, dropIns: [(file: String, text: String)])
    do throws(Configuration.Problem) {
      texts = try Self.texts(at: file, mustExist: mustExist)
    } catch {
      throw Configuration.Mistakes(problems: [error])
    }
    try self.init(text: texts.main, file: file, dropIns: texts.dropIns)
  }

  private static func texts(
    at file: String, mustExist: Bool
  ) throws(Configuration.Problem) -> (main: String, dropIns: [(file: String, text: String)]) {
    let main = try text(of: file)
    guard main != nil || !mustExist else {
      throw Configuration.Problem(file: file, line: nil, problem: "there is no such file")
    }
    var dropIns: [(file: String, text: String)] = []
    for path in try Self.dropIns(of: file) {
      if let text = try text(of: path) { dropIns.append((path, text)) }
    }
    return (main ?? "", dropIns)
  }

  private static let maximumLength = 1 << 20

  /// Nil for a file that is not there.
  private static func text(of file: String) throws(Configuration.Problem) -> String? {
    var bytes = [UInt8](repeating: 0, count: maximumLength)
    let count = dlmguard_read_file(file, &bytes, bytes.count)
    func problem(_ problem: String) -> Configuration.Problem {
      Configuration.Problem(file: file, line: nil, problem: problem)
    }
    if count == -Int(ENOENT) { return nil }
    guard count >= 0 else { throw problem("cannot be read: \(reason(count))") }
    guard count < maximumLength else { throw problem("is longer than 1 MiB") }
    guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw problem("is not UTF-8 text")
    }
    return text
  }

  private static func dropIns(of file: String) throws(Configuration.Problem) -> [String] {
    let directory = "\(file).d"
    var names = [CChar](repeating: 0, count: 1 << 16)
    let count = dlmguard_list_directory(directory, &names, names.count)
    if count == -Int(ENOENT) { return [] }
    guard count >= 0 else {
      throw Configuration.Problem(
        file: directory, line: nil, problem: "cannot be read: \(reason(count))")
    }
    return names[..<count].split(separator: 0)
      .map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
      .filter { $0.hasSuffix(".conf") && !$0.hasPrefix(".") }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .map { "\(directory)/\($0)" }
  }

  private static func reason(_ error: Int) -> String {
    String(cString: dlmguard_error_text(Int32(clamping: -error)))
  }
}
