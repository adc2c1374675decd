import Glibc

/// Writes a line to stderr.
func printError(_ line: String) {
  // There is nobody left to tell if this fails.
  writeAll(Array("\(line)\n".utf8), to: STDERR_FILENO)
}

/// Writes everything; false where that is not possible.
@discardableResult
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let chunk = Array(rest.prefix(65_536))
    let count = write(descriptor, chunk, chunk.count)
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}
