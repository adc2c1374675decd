import Crypto
import LockModel

extension ResourceName {
  /// The name of a thing of that kind, made of parts: readable (`kind:part/part`) where it fits the
  /// kernel's 64 bytes and no part could be taken for two, else `kind:` and the SHA-256 of the parts
  /// in unpadded base64url (43 characters).
  ///
  /// - Parameter kind: at most 20 lower-case letters; it keeps names of different kinds apart.
  static func of(_ kind: Kind, _ parts: [String]) -> ResourceName {
    let readable = "\(kind.rawValue):" + parts.joined(separator: "/")
    let isUnambiguous = parts.allSatisfy { !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "/")) }
    if isUnambiguous, let name = try? ResourceName(readable) { return name }
    return hashed(kind, parts)
  }

  enum Kind: String {
    case file, storage, block, dm, wwid, lease
  }

  private static func hashed(_ kind: Kind, _ parts: [String]) -> ResourceName {
    var hash = SHA256()
    for part in parts {
      // The length before each part: "ab","c" must not hash like "a","bc".
      hash.update(data: Array("\(part.utf8.count):".utf8))
      hash.update(data: Array(part.utf8))
    }
    let digest = base64url(Array(hash.finalize()))
    guard let name = try? ResourceName("\(kind.rawValue):\(digest)") else {
      preconditionFailure("a kind and a digest are 49 printable bytes at most")
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
