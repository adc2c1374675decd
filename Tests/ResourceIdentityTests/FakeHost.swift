import Foundation
import LockModel

@testable import ResourceIdentity

/// A node whose sysfs, procfs and pools are laid out by a test; gone with the value.
final class FakeHost {
  let root: String
  private let node: String
  private var directories: [String: String] = [:]
  private var networks: [NetworkStorage] = []

  /// - Parameter directory: where its files lie; by default where temporary ones do.
  init(_ node: String = "node1", in directory: URL = FileManager.default.temporaryDirectory) {
    self.node = node
    root = directory.path + "/dlmguard-host-\(UUID().uuidString)"
    // No device node of the machine that runs the test may be taken for one of this host.
    for directory in ["dev", "sys", "proc/self"] { make(directory) }
    write("proc/self/mountinfo", "")
  }

  deinit {
    try? FileManager.default.removeItem(atPath: root)
  }

  var host: HostPaths {
    var host = HostPaths()
    host.sysfs = root + "/sys"
    host.proc = root + "/proc"
    host.devices = root + "/dev"
    host.activePools = root + "/run"
    host.definedPools = root + "/etc"
    return host
  }

  func identity(_ unidentified: Identity.Unidentified = .refuse) -> Identity {
    Identity(
      node: NodeName(node), networks: networks, unidentified: unidentified, host: host)
  }

  func know(_ network: NetworkStorage) -> Self {
    networks.append(network)
    return self
  }

  // MARK: files

  func make(_ directory: String) {
    try? FileManager.default.createDirectory(
      atPath: "\(root)/\(directory)", withIntermediateDirectories: true)
  }

  private func makeParent(of path: String) {
    if let slash = path.lastIndex(of: "/") { make(String(path[..<slash])) }
  }

  func write(_ path: String, _ bytes: [UInt8]) {
    makeParent(of: path)
    _ = FileManager.default.createFile(atPath: "\(root)/\(path)", contents: Data(bytes))
  }

  func write(_ path: String, _ text: String) { write(path, Array(text.utf8)) }

  /// - Parameter target: from the host's root.
  func link(_ path: String, to target: String) {
    makeParent(of: path)
    try? FileManager.default.createSymbolicLink(
      atPath: "\(root)/\(path)", withDestinationPath: "\(root)/\(target)")
  }

  /// Everything that lies on the machine's filesystem with that file is shown as another type.
  func mount(_ path: String, type: String, source: String, options: String = "rw") throws {
    let device = try KernelFile(path).device
    write("proc/self/mountinfo", "30 1 \(device) / / rw,relatime - \(type) \(source) \(options)\n")
  }

  func volumes(_ path: String, version: Int, fsid: String) throws {
    let device = try KernelFile(path).device
    write(
      "proc/fs/nfsfs/volumes",
      "NV SERVER   PORT DEV          FSID                              FSC\n"
        + "v\(version) 0a000001  801 0:9          9:9                               no \n"
        + "v\(version) 0a000001  801 \(device)        \(fsid)                      no \n")
  }

  // MARK: devices

  /// - Parameter attributes: by their paths in the disk's directory of sysfs.
  @discardableResult
  func disk(_ name: String, _ number: String, _ attributes: [String: String] = [:]) -> Self {
    device(name, number, "sys/block/\(name)", attributes)
  }

  @discardableResult
  func partition(_ name: String, _ number: String, of disk: String, _ partition: Int) -> Self {
    device(name, number, "sys/block/\(disk)/\(name)", ["partition": "\(partition)"])
  }

  @discardableResult
  func stack(_ name: String, on slaves: String...) -> Self {
    for slave in slaves {
      link("sys/block/\(name)/slaves/\(slave)", to: directories[slave] ?? "nowhere")
    }
    return self
  }

  private func device(
    _ name: String, _ number: String, _ directory: String, _ attributes: [String: String]
  ) -> Self {
    directories[name] = directory
    write("\(directory)/dev", number + "\n")
    write("\(directory)/uevent", "MAJOR=0\nDEVNAME=\(name)\n")
    for (attribute, text) in attributes { write("\(directory)/\(attribute)", text + "\n") }
    link("sys/dev/block/\(number)", to: directory)
    return self
  }

  /// What a block device of this host is; it need have no node.
  func block(
    _ number: String, _ unidentified: Identity.Unidentified = .refuse
  ) throws -> Footprint {
    guard let number = DeviceNumber(number) else { throw Untold.failed("no number") }
    return try identity().footprint(of: number, Descent(unidentified))
  }

  func footprint(_ source: ResourceSource) throws -> Footprint {
    try identity().footprint(of: source)
  }

  func network(
    _ networkProtocol: NetworkImage.NetworkProtocol, _ name: String, _ hosts: String...,
    snapshot: String? = nil
  ) throws -> Footprint {
    try footprint(
      .network(
        NetworkImage(
          networkProtocol, name: name,
          hosts: hosts.map {
            let (host, port) = Server.split($0)
            return .tcp(host, port: port)
          }, snapshot: snapshot)))
  }

  func pool(_ name: String, _ xml: String, active: Bool = true) {
    write(
      active ? "run/\(name).xml" : "etc/\(name).xml",
      active ? "<!-- libvirt's -->\n<poolstate>\n\(xml)\n</poolstate>\n" : xml)
  }
}
