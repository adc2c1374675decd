/// A disk that QEMU reaches over the network by itself, as a `<source protocol=…>` says it.
public struct NetworkImage: Hashable, Sendable {
  /// The protocols that libvirt knows (`virStorageNetProtocol`).
  public enum NetworkProtocol: String, CaseIterable, Hashable, Sendable {
    case nbd, rbd, sheepdog, gluster, iscsi, http, https, ftp, ftps, tftp, ssh, nfs, vxhs
  }

  /// One server of it.
  public enum Host: Hashable, Sendable {
    /// A name or an address, as the XML has it; nil for the protocol's own port.
    case tcp(String, port: UInt16?)
    /// A Unix socket of the node.
    case unix(String)
  }

  /// How it is reached, and so what its name means.
  public let networkProtocol: NetworkProtocol
  /// What it is called there; empty where the protocol needs no name. Without a query.
  public let name: String
  /// In the order of the XML; may be empty (rbd and sheepdog have defaults of their own).
  public let hosts: [Host]
  /// A snapshot of it, which nobody writes (rbd, sheepdog).
  public let snapshot: String?
  /// The configuration file that tells the servers (rbd).
  public let configuration: String?

  /// - Parameter name: untrusted text.
  public init(
    _ networkProtocol: NetworkProtocol, name: String, hosts: [Host], snapshot: String? = nil,
    configuration: String? = nil
  ) {
    self.networkProtocol = networkProtocol
    self.name = name
    self.hosts = hosts
    self.snapshot = snapshot
    self.configuration = configuration
  }

  /// `rbd:pool/image@snapshot (mon1:6789)`: what people read in messages.
  public var location: String {
    let server =
      switch hosts.first {
      case .tcp(let name, let port)?: " (\(name)\(port.map { ":\($0)" } ?? ""))"
      case .unix(let path)?: " (\(path))"
      case nil: ""
      }
    return "\(networkProtocol.rawValue):\(name)\(snapshot.map { "@\($0)" } ?? "")\(server)"
  }
}

/// Where a PCI device sits in a node.
public struct PCIAddress: Hashable, Sendable, CustomStringConvertible {
  /// The PCI domain, as the kernel numbers it.
  public let domain: UInt32
  /// The bus in the domain.
  public let bus: UInt8
  /// The device on the bus, from 0 to 31.
  public let slot: UInt8
  /// The function of the device, from 0 to 7.
  public let function: UInt8

  /// All as the kernel numbers them.
  public init(domain: UInt32, bus: UInt8, slot: UInt8, function: UInt8) {
    self.domain = domain
    self.bus = bus
    self.slot = slot
    self.function = function
  }

  /// `0000:01:00.0`, as sysfs and lspci have it.
  public var description: String {
    func digits(_ number: UInt32, _ width: Int) -> String {
      let text = String(number, radix: 16)
      return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    return "\(digits(domain, 4)):\(digits(UInt32(bus), 2)):\(digits(UInt32(slot), 2)).\(function)"
  }
}
