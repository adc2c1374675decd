import Glibc

/// Reads to the end, or one byte past `limit`: then no more is asked for, however much is to come.
/// An error ends it too; what is missing then is for the reader of the bytes to notice.
func readAll(_ file: Int32, limit: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 8192)
  while bytes.count <= limit {
    let got = read(file, &chunk, min(chunk.count, limit + 1 - bytes.count))
    if got < 0 && errno == EINTR { continue }
    guard got > 0 else { break }
    bytes += chunk[..<got]
  }
  return bytes
}
