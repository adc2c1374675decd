import Crypto
import LockModel

extension ResourceName {
  /// The name of a thing of that kind, made of parts: readable (`kind:part/part`) where that fits 63
  /// bytes (the kernel's 64, less one for ``ResourceName/parts``) and could be taken for no other
  /// name, else `kind:` and the SHA-256 of the parts in unpadded base64url (43 characters).
  ///
  /// - Parameter kind: keeps names of different kinds apart.
  static func of(_ kind: Kind, _ parts: [String]) -> ResourceName {
    let readable = "\(kind.rawValue):" + parts.joined(separator: "/")
    if readable.utf8.count < maximumLength, isUnambiguous(parts),
      let name = try? ResourceName(readable)
    {
      return name
    }
    return hashed(kind, parts)
  }

  /// What a name begins with: at most 19 bytes, none of them a colon.
  enum Kind: String, CaseIterable {
    case file, storage, nfs, gfs2, ocfs2, cephfs, smb
    case glusterFile = "gluster-file"
    case block, part, dm, wwid, drbd
    case virtioSerial = "virtio-serial"
    case scsiSerial = "scsi-serial"
    case rbd, gluster, sheepdog, iscsi, vxhs, nbd, http, https, ftp, ftps, tftp, ssh
    case nfsPath = "nfs-path"
    case nvme, pci, mdev, scsi, tpm, lease, name, socket
    case vhostSCSI = "vhost-scsi"
    case sharedMemory = "shmem"
    case characterDevice = "chardev"
  }

  /// Whether the parts can be read back from the name, and the name is no digest and none of
  /// ``ResourceName/parts``.
  private static func isUnambiguous(_ parts: [String]) -> Bool {
    guard parts.allSatisfy({ !$0.isEmpty && !$0.contains("/") && !$0.hasSuffix("#") }) else {
      return false
    }
    return parts.count > 1 || parts.allSatisfy { $0.utf8.count != digestLength }
  }

  /// 32 bytes in base64url.
  private static let digestLength = 43

  private static func hashed(_ kind: Kind, _ parts: [String]) -> ResourceName {
    var hash = SHA256()
    for part in parts {
      // The length before each part: "ab","c" must not hash like "a","bc".
      hash.update(data: Array("\(part.utf8.count):".utf8))
      hash.update(data: Array(part.utf8))
    }
    let digest = base64url(Array(hash.finalize()))
    guard let name = try? ResourceName("\(kind.rawValue):\(digest)") else {
      preconditionFailure("a kind and a digest are 63 printable bytes at most")
    }
    return name
  }

  /// RFC 4648 §5, without padding.
  private static func base64url(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    var bits = 0
    var buffer: UInt32 = 0
    for byte in bytes {
      buffer = buffer << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(alphabet[Int(buffer >> UInt32(bits) & 63)])
      }
    }
    if bits > 0 { text.append(alphabet[Int(buffer << UInt32(6 - bits) & 63)]) }
    return String(decoding: text, as: UTF8.self)
  }
}
