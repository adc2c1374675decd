import LockModel
import Testing

@testable import ResourceIdentity

@Suite struct NameTests {
  /// `DLM_RESNAME_MAXLEN` is 64, and `#` is added for the parts of a thing.
  @Test func everyNameHasRoomForItsParts() throws {
    for kind in ResourceName.Kind.allCases {
      #expect(kind.rawValue.utf8.count <= 19 && !kind.rawValue.contains(":"))
      for length in [1, 43, 62 - kind.rawValue.utf8.count, 63 - kind.rawValue.utf8.count, 200] {
        let name = ResourceName.of(kind, [String(repeating: "x", count: length)])
        #expect(name.parts != nil, "\(name)")
      }
    }
    let longest = String(repeating: "x", count: 58)
    #expect(ResourceName.of(.name, [longest]).description == "name:" + longest)
    #expect(ResourceName.of(.name, [longest + "x"]).description.utf8.count == 48)
  }

  @Test func noNameIsAnothersParts() {
    let name = ResourceName.of(.name, ["db"])
    #expect(ResourceName.of(.name, ["db#"]) != name.parts)
    #expect(!ResourceName.of(.storage, ["s#", "a"]).description.contains("#"))
  }

  @Test func aNameThatReadsLikeADigestIsHashedToo() throws {
    let digest = ResourceName.of(.name, ["a/b"]).description.dropFirst("name:".count)
    #expect(digest.utf8.count == 43)
    #expect(ResourceName.of(.name, [String(digest)]) != ResourceName.of(.name, ["a/b"]))
  }

  @Test func kindsNeverMeet() {
    let names = Set(ResourceName.Kind.allCases.map { ResourceName.of($0, ["a/b"]) })
    #expect(names.count == ResourceName.Kind.allCases.count)
  }

  /// Claims of running guests are on record under such names.
  @Test func localNamesAreWhatTheyWere() throws {
    let host = FakeHost()
    host.write("a", "")
    let file = try KernelFile(host.root + "/a")
    let name = "file:node1/\(String(file.filesystem, radix: 16))/\(file.inode)"
    #expect(try host.footprint(.file(host.root + "/a")).itself == [ResourceName(name)])
  }
}
