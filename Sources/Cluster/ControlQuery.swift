import Glibc

/// A query of the protocol of dlm_controld's query socket (`process_queries` in its main.c).
///
/// The structures of the protocol, in dlm_controld.h (`dlmc_header`) and libdlmcontrol.h
/// (`dlmc_lockspace`, `dlmc_change`, `dlmc_node`), are the same in dlm 4.1, 4.2 and 4.3. They are
/// sent as C lays them out on a 64-bit system, in native byte order; offsets and sizes here are of
/// that layout. libdlmcontrol itself is not linked: since dlm 4.3 its `dlmc_dump_config` takes one more
/// parameter, under the same soname.
enum ControlQuery: Hashable, Sendable {
  /// What each of its options is set to (`DLMC_CMD_DUMP_CONFIG`).
  case configuration
  /// The state of the lockspace with this name (`DLMC_CMD_LOCKSPACE_INFO`).
  case lockspace(String)
  /// All nodes that the lockspace with this name has or had (`DLMC_CMD_LOCKSPACE_NODES`).
  case nodes(String)

  /// The size of `dlmc_header`: eight numbers of 32 bits, and a name of `nameSize` bytes.
  static let headerSize = 96
  /// `DLM_LOCKSPACE_LEN` (linux/dlmconstants.h). A name of this length has no NUL at its end.
  static let nameSize = 64
  /// What may follow a header: `DLMC_DUMP_SIZE` (libdlmcontrol.h), the size of the buffer of dumps.
  static let mostBytes = 1 << 20
  /// More than corosync takes (`PROCESSOR_COUNT_MAX`, 384, in its coroapi.h).
  static let mostNodes: UInt32 = 512

  /// `DLMC_MAGIC` (dlm_controld.h).
  private static let magic: UInt32 = 0xD13C_D13C
  /// `DLMC_VERSION` (dlm_controld.h). The lower half may be another, for both sides.
  private static let version: UInt32 = 0x0001_0001
  private static let majorVersion: UInt32 = 0xFFFF_0000
  /// `DLMC_NODES_ALL` (libdlmcontrol.h).
  private static let allNodes: UInt32 = 1

  /// Where `dlmc_header` has its members, apart from `flags` and the unused one.
  private enum Offset {
    static let magic = 0
    static let version = 4
    static let command = 8
    static let option = 12
    static let length = 16
    static let data = 20
    static let name = 32
  }

  /// `DLMC_CMD_…` (dlm_controld.h).
  private var command: UInt32 {
    switch self {
    case .lockspace: 3
    case .nodes: 6
    case .configuration: 14
    }
  }

  /// The bytes to send: a header, and nothing behind it.
  ///
  /// - Throws: ``ControlFault/impossibleName(_:)``.
  func request() throws(ControlFault) -> [UInt8] {
    var request = [UInt8](repeating: 0, count: Self.headerSize)
    func put(_ word: UInt32, at offset: Int) {
      request.withUnsafeMutableBytes {
        $0.storeBytes(of: word, toByteOffset: offset, as: UInt32.self)
      }
    }
    put(Self.magic, at: Offset.magic)
    put(Self.version, at: Offset.version)
    put(command, at: Offset.command)
    put(UInt32(Self.headerSize), at: Offset.length)
    if case .nodes = self {
      put(Self.allNodes, at: Offset.option)
      put(Self.mostNodes, at: Offset.data)
    }
    switch self {
    case .configuration: break
    case .lockspace(let name), .nodes(let name):
      let bytes = Array(name.utf8)
      guard (1...Self.nameSize).contains(bytes.count), !bytes.contains(0) else {
        throw .impossibleName(name)
      }
      request.replaceSubrange(Offset.name..<Offset.name + bytes.count, with: bytes)
    }
    return request
  }

  /// Decodes the header of a reply to this query.
  ///
  /// - Throws: ``ControlFault/garbled(_:)``.
  func reply(_ header: [UInt8]) throws(ControlFault) -> ControlReply {
    let fields = ControlStructure(header[...])
    guard header.count == Self.headerSize,
      let magic = fields.word(at: Offset.magic), let version = fields.word(at: Offset.version),
      let command = fields.word(at: Offset.command), let length = fields.word(at: Offset.length),
      let data = fields.word(at: Offset.data)
    else { throw .garbled("a header of \(header.count) bytes") }
    guard magic == Self.magic else { throw .garbled("the magic \(hexadecimal(magic))") }
    guard version & Self.majorVersion == Self.version & Self.majorVersion else {
      throw .garbled("the version \(hexadecimal(version))")
    }
    guard command == self.command else {
      throw .garbled("the command \(command)")
    }
    // `len` counts the header too, in a dump as in any other reply (`init_header` in main.c);
    // `data` is no length anywhere.
    let size = Int(length) - Self.headerSize
    guard (0...Self.mostBytes).contains(size) else {
      throw .garbled("a length of \(length) bytes")
    }
    return ControlReply(result: Int32(bitPattern: data), size: size)
  }
}

/// The header of a reply.
struct ControlReply: Hashable, Sendable {
  /// `data`: an error number, negative; a number of nodes; or 0.
  let result: Int32
  /// How many bytes follow the header. If `result` is an error they mean nothing:
  /// `query_lockspace_info` (main.c) then sends an uninitialised structure.
  let size: Int

  /// The text of a dump.
  func configuration(_ body: [UInt8]) throws(ControlFault) -> String {
    try check()
    return String(decoding: body.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// A lockspace's state.
  func lockspace(_ body: [UInt8]) throws(ControlFault) -> ControlLockspace {
    try check()
    guard let lockspace = ControlLockspace(body[...]) else {
      throw .garbled("a lockspace in \(body.count) bytes")
    }
    return lockspace
  }

  /// The nodes of a lockspace; only the first ones if there are more than were asked for.
  func nodes(_ body: [UInt8]) throws(ControlFault) -> [ControlNode] {
    let sent = body.count / ControlNode.size
    let count: Int
    if result == -E2BIG {
      count = sent
    } else {
      try check()
      count = Int(result)
    }
    guard count <= sent else {
      throw .garbled("\(count) nodes in \(body.count) bytes")
    }
    return (0..<count).compactMap { ControlNode(body.dropFirst($0 * ControlNode.size)) }
  }

  private func check() throws(ControlFault) {
    guard result >= 0 else { throw .refused(result.magnitude) }
  }
}

/// The state of one lockspace in dlm_controld (`dlmc_lockspace`, libdlmcontrol.h); only the fields
/// that ``StopCause`` needs.
struct ControlLockspace: Hashable, Sendable {
  /// Two `dlmc_change`, two numbers of 32 bits, a name of 65 bytes, and 3 bytes of padding.
  static let size = 140

  /// `DLMC_LF_…` in `flags`.
  var flags: UInt32
  /// `cg_next`: the change under way; all 0 where none is.
  var next: ControlChange

  /// `DLMC_LF_KERNEL_STOPPED`: dlm_controld has not yet let the kernel go on.
  static let kernelStopped: UInt32 = 0x4

  init(flags: UInt32, next: ControlChange) {
    self.flags = flags
    self.next = next
  }

  /// Nil if there are too few bytes. `cg_prev` comes before `cg_next`.
  init?(_ bytes: ArraySlice<UInt8>) {
    let next = bytes.dropFirst(ControlChange.size).prefix(ControlChange.size)
    guard bytes.count >= Self.size, let next = ControlChange(next),
      let flags = ControlStructure(bytes).word(at: 2 * ControlChange.size)
    else { return nil }
    self.init(flags: flags, next: next)
  }
}

/// A change of a lockspace's members (`dlmc_change`, libdlmcontrol.h); only the fields that
/// ``StopCause`` needs.
struct ControlChange: Hashable, Sendable {
  /// Eight numbers of 32 bits.
  static let size = 32

  /// `DLMC_LS_WAIT_…`, or how many nodes have to answer.
  var waitCondition: Int32
  /// Whether ``waitCondition`` counts nodes.
  var waitMessages: Int32
  /// The number of the change.
  var sequence: UInt32

  /// `DLMC_LS_WAIT_…` (libdlmcontrol.h).
  static let waitRingID: Int32 = 1
  static let waitQuorum: Int32 = 2
  static let waitFencing: Int32 = 3
  static let waitFilesystems: Int32 = 4

  init(waitCondition: Int32, waitMessages: Int32, sequence: UInt32) {
    self.waitCondition = waitCondition
    self.waitMessages = waitMessages
    self.sequence = sequence
  }

  /// Nil if there are too few bytes.
  init?(_ bytes: ArraySlice<UInt8>) {
    let fields = ControlStructure(bytes)
    guard let condition = fields.word(at: 16), let messages = fields.word(at: 20),
      let sequence = fields.word(at: 24), bytes.count >= Self.size
    else { return nil }
    self.init(
      waitCondition: Int32(bitPattern: condition), waitMessages: Int32(bitPattern: messages),
      sequence: sequence)
  }
}

/// A node of a lockspace (`dlmc_node`, libdlmcontrol.h); only its id and flags.
struct ControlNode: Hashable, Sendable {
  /// Five numbers of 32 bits, 4 bytes of padding, and two numbers of 64 bits.
  static let size = 40

  /// Its node id.
  let id: UInt32
  /// `DLMC_NF_…`.
  let flags: UInt32

  /// `DLMC_NF_NEED_FENCING`: it failed and has not been fenced yet.
  static let needFencing: UInt32 = 0x8

  /// Nil if there are too few bytes.
  init?(_ bytes: ArraySlice<UInt8>) {
    let fields = ControlStructure(bytes)
    guard bytes.count >= Self.size, let id = fields.word(at: 0), let flags = fields.word(at: 4)
    else { return nil }
    self.id = id
    self.flags = flags
  }
}

/// Why dlm_controld could not be asked, or why its reply cannot be used.
enum ControlFault: Error, Hashable, Sendable {
  /// Connecting or sending failed with this errno.
  case unreachable(Int32)
  /// It closed the connection before the end of the reply: it ended, or rejects such a query.
  case hungUp
  /// It replied with this errno.
  case refused(UInt32)
  /// Its reply is not of this protocol, in the part that is named.
  case garbled(String)
  /// No lockspace can have this name.
  case impossibleName(String)
}

/// A structure of C in memory, read at given offsets, in this machine's byte order.
private struct ControlStructure {
  private let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
  }

  /// Nil if the bytes end before it.
  func word(at offset: Int) -> UInt32? {
    let size = MemoryLayout<UInt32>.size
    guard offset >= 0, offset <= bytes.count - size else { return nil }
    return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
  }
}

private func hexadecimal(_ number: UInt32) -> String {
  "0x" + String(number, radix: 16)
}
