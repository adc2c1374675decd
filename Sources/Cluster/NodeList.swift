import CCorosync
import Glibc
import LockModel

/// corosync's node list, as it stands in its configuration map (cmap_keys(7)).
///
/// This node's number is taken from there too, rather than from dlm_controld's configfs
/// (/sys/kernel/config/dlm/cluster/comms/*/local): it is there before dlm_controld is, comes with the
/// names in one reading, and is the same number, which dlm_controld also has from corosync
/// (`corosync_cfg_local_get` in its member.c).
enum NodeList {
  /// Reads the list. Waits for corosync, without end where that hangs.
  ///
  /// - Throws: ``CorosyncFault``.
  static func read() throws(CorosyncFault) -> ClusterNodes {
    var handle: cmap_handle_t = 0
    try CorosyncFault.check(cmap_initialize(&handle))
    defer { cmap_finalize(handle) }
    let own = try optional(handle, "runtime.votequorum.this_node_id", number)
    var listed: [NodeID] = []
    var names: [NodeID: NodeName] = [:]
    for position in try positions(handle) {
      // A node without a number is one that corosync has not numbered yet.
      guard
        let value = try optional(handle, "nodelist.node.\(position).nodeid", number),
        let node = NodeID(value)
      else { continue }
      listed.append(node)
      names[node] = try optional(handle, "nodelist.node.\(position).name", text).map(NodeName.init)
    }
    // What is in force, defaults and the number of nodes counted in (totemconfig.c of corosync).
    let token = try optional(handle, "runtime.config.totem.token", number)
    let consensus = try optional(handle, "runtime.config.totem.consensus", number)
    return ClusterNodes(
      own: own.flatMap { NodeID($0) }, listed: listed, names: names,
      reform: token.flatMap { token in consensus.map { Int64(token) + Int64($0) } })
  }

  /// The position that a key of the node list speaks of: 2 for `nodelist.node.2.name`.
  static func position(inKey key: String) -> Int? {
    let words = key.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count == 4, words[0] == "nodelist", words[1] == "node" else { return nil }
    return Int(words[2])
  }

  private static func positions(_ handle: cmap_handle_t) throws(CorosyncFault) -> [Int] {
    var iterator: cmap_iter_handle_t = 0
    try CorosyncFault.check(cmap_iter_init(handle, "nodelist.node.", &iterator))
    defer { cmap_iter_finalize(handle, iterator) }
    var found: Set<Int> = []
    var key = [CChar](repeating: 0, count: Int(CMAP_KEYNAME_MAXLEN) + 1)
    while true {
      let result = cmap_iter_next(handle, iterator, &key, nil, nil)
      // The end of the list (cmap_iter_next(3)).
      if result == CS_ERR_NO_SECTIONS { return found.sorted() }
      try CorosyncFault.check(result)
      let name = String(
        decoding: key.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      if let position = position(inKey: name) { found.insert(position) }
    }
  }

  /// Nil for a key that is not there.
  private static func optional<Value>(
    _ handle: cmap_handle_t, _ key: String,
    _ get: (cmap_handle_t, String, inout Value?) -> cs_error_t
  ) throws(CorosyncFault) -> Value? {
    var value: Value?
    let result = get(handle, key, &value)
    if result == CS_ERR_NOT_EXIST { return nil }
    try CorosyncFault.check(result)
    return value
  }

  private static func number(
    _ handle: cmap_handle_t, _ key: String, _ value: inout UInt32?
  ) -> cs_error_t {
    var number: UInt32 = 0
    let result = cmap_get_uint32(handle, key, &number)
    if result == CS_OK { value = number }
    return result
  }

  private static func text(
    _ handle: cmap_handle_t, _ key: String, _ value: inout String?
  ) -> cs_error_t {
    var text: UnsafeMutablePointer<CChar>?
    let result = cmap_get_string(handle, key, &text)
    if result == CS_OK, let text { value = String(cString: text) }
    free(text)
    return result
  }
}
