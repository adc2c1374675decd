import CLinux

/// What the NFS client knows of its filesystems (`nfs_volume_list_show()` in the kernel's
/// fs/nfs/client.c): `NV SERVER PORT DEV FSID FSC`, one line each.
struct NFSVolumes {
  private let text: String

  /// - Parameter proc: where proc(5) is mounted.
  init(proc: String) {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = dlmguard_read_file("\(proc)/fs/nfsfs/volumes", &bytes, bytes.count)
    text = String(decoding: bytes[..<max(0, count)], as: UTF8.self)
  }

  /// By which the server tells its filesystems apart, in a form that all protocol versions share;
  /// nil where the client does not tell.
  func fsid(of device: DeviceNumber) -> String? {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 5, fields[3] == device.description else { continue }
      let halves = fields[4].split(separator: ":").compactMap { UInt64($0, radix: 16) }
      // Old kernels cut it off at 16 characters.
      guard halves.count == 2 else { return nil }
      return Self.canonical(halves[0], halves[1])
    }
    return nil
  }

  /// NFSv4 servers send two halves. For NFSv3 knfsd lays those of a UUID one over the other, in its
  /// own byte order (`encode_fsid()` in nfs3xdr.c); a number that the export was given is the first.
  private static func canonical(_ high: UInt64, _ low: UInt64) -> String {
    let one = high ^ low
    return String(min(one, one.byteSwapped), radix: 16)
  }
}
