/// The name of a file in its directory, byte for byte: two names that read alike are two names here, and
/// one that is no text is one as well.
public struct FileName: Hashable, Sendable, CustomStringConvertible {
  private let bytes: [UInt8]

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// The bytes before the first NUL.
  init(_ bytes: some Collection<UInt8>) {
    self.bytes = Array(bytes.prefix { $0 != 0 })
  }

  /// For messages, where it is made fit for them: no file may be opened by it.
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// What stands before a suffix; nil where that is nothing, or there is no such suffix.
  func dropping(suffix: String) -> FileName? {
    let length = suffix.utf8.count
    guard bytes.count > length, bytes.suffix(length).elementsEqual(suffix.utf8) else { return nil }
    return FileName(bytes.dropLast(length))
  }

  /// Its path in a directory, as C wants it.
  func path(in directory: String) -> [CChar] {
    (Array(directory.utf8) + [UInt8(ascii: "/")] + bytes + [0]).map { CChar(bitPattern: $0) }
  }
}
