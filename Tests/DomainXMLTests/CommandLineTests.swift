import DomainXML
import LockModel
import Testing

@Suite struct CommandLineTests {
  @Test(arguments: [
    "-drive file=/a,if=none", "--blockdev {}", "-hda /a", "-hdb /a", "-hdc /a", "-hdd /a",
    "-cdrom /a", "-fda /a", "-fdb /a", "-sd /a", "-pflash /a", "-mtdblock /a", "-fsdev local",
    "-virtfs local", "-readconfig /a", "-mem-path /a", "-tpmdev passthrough,id=t",
    "-device vfio-pci,host=01:00.0", "-device {\"driver\":\"vfio-pci\"}",
    "-device vhost-scsi-pci,wwpn=naa.1", "-device vhost-vdpa-device-pci,vhostdev=/dev/v",
    "-device usb-mtp,rootdir=/a", "-object memory-backend-file,id=m,mem-path=/a",
    "-set drive.d.file=/a",
  ])
  func whatOpensStorageIsReported(arguments: String) throws {
    #expect(
      try Self.unguarded(arguments) == [
        UnguardedResource(device: "qemu:commandline", description: "QEMU argument \(arguments)")
      ])
  }

  @Test(arguments: [
    "-m 512", "-device virtio-blk-pci,drive=d", "-device e1000", "-object rng-random,id=r",
    "-set device.d.serial=1", "-cpu host", "-nodefaults", "-snapshot -m 1", "-netdev user,id=n",
  ])
  func whatDoesNotIsNot(arguments: String) throws {
    #expect(try Self.unguarded(arguments).isEmpty)
  }

  /// To QEMU an argument of its own is a disk.
  @Test func aDiskWithoutAnOption() throws {
    #expect(try Self.unguarded("/a").map(\.description) == ["QEMU argument /a"])
    #expect(try Self.unguarded("-m 512 /a -S").map(\.description) == ["QEMU argument /a"])
  }

  @Test func theEnvironmentNamesNone() throws {
    let env = "<q:commandline xmlns:q='\(Self.qemu)'><q:env name='QEMU_DRIVE' value='-hda'/>"
    #expect(try domain(env + "</q:commandline>").unguarded.isEmpty)
  }

  @Test func overrides() throws {
    let properties = ["serial", "host", "drive"].map {
      "<q:property name='\($0)' type='string' value='v'/>"
    }
    let domain = try domain(
      "<q:override xmlns:q='\(Self.qemu)'><q:device alias='ua-d'><q:frontend>"
        + properties.joined() + "</q:frontend></q:device></q:override>")
    #expect(
      domain.unguarded == [
        UnguardedResource(
          device: "qemu:override", description: "QEMU property host of ua-d (v)"),
        UnguardedResource(
          device: "qemu:override", description: "QEMU property drive of ua-d (v)"),
      ])
  }

  private static let qemu = "http://libvirt.org/schemas/domain/qemu/1.0"

  private static func unguarded(_ arguments: String) throws -> [UnguardedResource] {
    let elements = arguments.split(separator: " ").map {
      "<q:arg value='\($0.replacing("\"", with: "&quot;"))'/>"
    }
    return try domain(
      "<q:commandline xmlns:q='\(qemu)'>\(elements.joined())</q:commandline>"
    ).unguarded
  }
}
