import Glibc

/// Reads to the end, or one byte past `limit`: then no more is asked for, however much is to come.
/// An error ends it too; what is missing then is for the reader of the bytes to notice.
func readAll(_ file: Int32, limit: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  while bytes.count <= limit {
    let wanted = min(1 << 16, limit + 1 - bytes.count)
    let chunk = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      var got = read(file, buffer.baseAddress, wanted)
      while got < 0 && errno == EINTR { got = read(file, buffer.baseAddress, wanted) }
      count = max(0, got)
    }
    if chunk.isEmpty { break }
    bytes += chunk
  }
  return bytes
}
