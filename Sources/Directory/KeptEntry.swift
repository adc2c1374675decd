import LockModel

/// An entry as it is kept: the bytes it came in, which take a third of what the values would, and a short
/// mark of each resource that it names, so that nobody has to read the bytes of all the others to find one.
struct KeptEntry: Sendable {
  let bytes: [UInt8]
  private let marks: [UInt32]

  init(_ entry: DirectoryEntry) {
    var writer = ByteWriter()
    writer.entry(entry)
    bytes = writer.bytes
    // A thing and its parts, which most often come together, have one.
    var marks: [UInt32] = []
    for claim in entry.claims {
      let mark = Self.mark(of: claim.resource)
      if marks.last != mark { marks.append(mark) }
    }
    self.marks = marks
  }

  var entry: DirectoryEntry? {
    var reader = ByteReader(bytes)
    return reader.entry()
  }

  func names(_ resource: ResourceName, markedBy mark: UInt32) -> Bool {
    guard marks.contains(mark) else { return false }
    // Another resource may have the same mark.
    var reader = ByteReader(bytes)
    return reader.entryNames(resource)
  }

  func isOfDomain(named name: String.UTF8View) -> Bool {
    var reader = ByteReader(bytes)
    return reader.owner() != nil && reader.textBytes()?.elementsEqual(name) == true
  }

  static func mark(of resource: ResourceName) -> UInt32 {
    let name = resource.description.utf8
    var fingerprint = Fingerprint()
    for byte in resource.isOfParts ? name.dropLast() : name[...] { fingerprint.take(byte) }
    return UInt32(truncatingIfNeeded: fingerprint.value ^ fingerprint.value >> 32)
  }
}
