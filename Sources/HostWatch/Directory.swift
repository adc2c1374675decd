import CLinux
import Glibc

/// The names of what a directory holds, in no order; nil where it is not there.
///
/// - Throws: ``Unreadable`` where that cannot be told, and for more than some hundred thousand names.
func fileNames(in directory: String) throws(Unreadable) -> [FileName]? {
  var capacity = 1 << 14
  while true {
    var names = [UInt8](repeating: 0, count: capacity)
    let count = names.withUnsafeMutableBytes { buffer in
      dlmguard_list_directory(
        directory, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    if count == -Int(ERANGE), capacity < 1 << 22 {
      capacity *= 2
      continue
    }
    if count == -Int(ENOENT) || count == -Int(ESRCH) { return nil }
    guard count >= 0 else { throw Unreadable(directory, count) }
    return names[..<count].split(separator: 0).map { FileName($0) }
  }
}
