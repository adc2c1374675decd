import Foundation
import LockModel

@testable import ResourceIdentity

extension FakeHost {
  func footprint(of device: DeviceNumber) throws -> Footprint { try block("\(device)") }

  func gfs2(_ path: String, uuid: String) throws {
    let device = try KernelFile(path).device
    write("sys/fs/gfs2/cluster:other/id", "9:9\n")
    write("sys/fs/gfs2/cluster:other/uuid", "no\n")
    write("sys/fs/gfs2/cluster:table/id", "\(device)\n")
    write("sys/fs/gfs2/cluster:table/uuid", uuid + "\n")
  }

  func rbd(_ id: String, _ attributes: [String: String]) {
    for (name, text) in attributes { write("sys/bus/rbd/devices/\(id)/\(name)", text + "\n") }
  }

  func drbd(_ minor: String, _ resource: String, _ volume: String) -> Self {
    link(
      "sys/kernel/debug/drbd/minors/\(minor)",
      to: "sys/kernel/debug/drbd/resources/\(resource)/volumes/\(volume)")
    return self
  }

  /// One namespace of an NVMe device on PCI, as the nvme driver shows it.
  func nvme() -> Self {
    disk(
      "nvme0n1", "259:0",
      [
        "wwid": "eui.0025385b71b0f5e1", "device/transport": "pcie",
        "device/address": "\(PCIAddress(domain: 0, bus: 1, slot: 0, function: 0))",
      ])
    let namespace = "sys/bus/pci/devices/0000:01:00.0/nvme/nvme0/nvme0n1"
    write("\(namespace)/nsid", "1\n")
    write("\(namespace)/wwid", "eui.0025385b71b0f5e1\n")
    return self
  }
}

extension Optional {
  struct Nothing: Error {}

  var orThrow: Wrapped {
    get throws {
      guard let self else { throw Nothing() }
      return self
    }
  }
}

extension [UInt8] {
  init(hexadecimal text: some StringProtocol) {
    let digits: [UInt8] = text.compactMap { $0.hexDigitValue.map { UInt8($0) } }
    self.init()
    for start in stride(from: 0, to: digits.count, by: 2) {
      append(digits[start] << 4 | digits[start + 1])
    }
  }
}
