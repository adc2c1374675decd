import Foundation

/// A directory of a test's own.
final class Scratch {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(
    "dlmguard-watch-\(UUID().uuidString)")
  var path: String { url.path }

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  subscript(name: String) -> String { "\(path)/\(name)" }

  func write(_ name: String, _ text: String = "", mode: Int = 0o644) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: self[name]))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: self[name])
  }

  func make(_ directory: String) throws {
    try FileManager.default.createDirectory(
      atPath: self[directory], withIntermediateDirectories: true)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: self[name])
  }

  func move(_ name: String, to other: String) {
    rename(self[name], self[other])
  }
}
