import Testing

@testable import ResourceIdentity

@Suite struct MountsTests {
  static let mounts = Mounts(
    text: #"""
      21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
      30 21 0:40 / /srv/nfs rw - nfs4 server:/export rw
      31 21 0:40 /guests /var/lib/images rw - nfs4 server:/export rw
      32 21 0:41 / /srv/with\040space rw - tmpfs tmpfs rw
      33 30 0:42 / /srv/nfs/over rw - tmpfs tmpfs rw
      34 30 0:43 /sub /srv/nfs/over rw - tmpfs tmpfs rw
      nonsense

      """#)

  @Test(arguments: [
    ("/", "8:1", "/"), ("/etc/x", "8:1", "/etc/x"), ("/srv", "8:1", "/srv"),
    ("/srv/nfsx/a", "8:1", "/srv/nfsx/a"),
    ("/srv/nfs", "0:40", "/"), ("/srv/nfs/guests/a", "0:40", "/guests/a"),
    ("/var/lib/images", "0:40", "/guests"), ("/var/lib/images/a", "0:40", "/guests/a"),
    ("/srv/with space/a", "0:41", "/a"),
    ("/srv/nfs/over/a", "0:43", "/sub/a"),
  ]) func everyMountOfAFilesystemLeadsToOnePlace(path: String, device: String, inside: String) {
    #expect(
      Self.mounts.place(ofResolved: path) == Mounts.Place(device: device, path: inside))
  }

  /// A file's own device comes first: its path may be hidden by another mount by now.
  @Test func aFilesystemIsKnownByItsDeviceElseByThePath() {
    let nfs = Mounts.Filesystem(type: "nfs4", source: "server:/export", options: ["rw"])
    #expect(Self.mounts.filesystem(of: "/", on: DeviceNumber(0, 40)) == nfs)
    #expect(Self.mounts.filesystem(of: "/", on: DeviceNumber(0, 99))?.type == "ext4")
    #expect(Self.mounts.filesystem(of: "/none", on: DeviceNumber(0, 99)) == nil)
    let tagged = Mounts(
      text: #"36 21 0:50 / /x rw shared:1 master:2 - fuse.x a\040b rw,serverino"#)
    #expect(
      tagged.filesystem(of: "/", on: DeviceNumber(0, 50))
        == Mounts.Filesystem(type: "fuse.x", source: "a b", options: ["rw", "serverino"]))
  }

  /// A bind mount beside the storage's own path.
  @Test func aStorageIsRecognizedThroughAnotherMount() throws {
    let file = try #require(Self.mounts.place(ofResolved: "/var/lib/images/a"))
    // "/" is a path that exists on every machine that runs this.
    let root = Mounts(text: "30 21 0:40 / / rw - nfs4 server:/export rw")
    #expect(Storage(name: "s", path: "/").position(of: file, in: root) == "guests/a")
    let other = Mounts(text: "30 21 0:99 / / rw - nfs4 server:/export rw")
    #expect(Storage(name: "s", path: "/").position(of: file, in: other) == nil)
  }
}
