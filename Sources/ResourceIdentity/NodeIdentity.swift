import Glibc
import LockModel

/// What only this node knows: names that begin with the node.
extension Identity {
  func local(_ kind: ResourceName.Kind, _ parts: String...) -> ResourceName {
    .of(kind, [node.description] + parts)
  }

  func block(_ device: DeviceNumber) -> ResourceName {
    local(.block, "\(device.major)", "\(device.minor)")
  }

  /// A socket's path, symlinks resolved. It need not be there yet: its directory tells enough.
  func socketPath(_ path: String) throws(Untold) -> String {
    try approach(path)
    if let resolved = resolve(path) { return resolved }
    guard let slash = path.lastIndex(of: "/"), let directory = resolve(String(path[...slash]))
    else { return path }
    return (directory == "/" ? "" : directory) + path[slash...]
  }

  /// A character device: by its numbers, which the kernel keeps as long as the device is there.
  func device(_ path: String) throws(Untold) -> Footprint {
    let file = try look(at: path)
    guard file.isCharacterDevice else { return try footprint(ofPath: path) }
    return Footprint(local(.characterDevice, file.number.description))
  }

  static func check(_ path: String) throws(Untold) {
    guard !path.utf8.contains(0) else { throw .failed("its path contains a NUL byte") }
    guard path.utf8.first == UInt8(ascii: "/") else { throw .failed("its path is not absolute") }
  }
}

/// A path without symlinks; nil where it leads nowhere.
func resolve(_ path: String) -> String? {
  guard let resolved = realpath(path, nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}
