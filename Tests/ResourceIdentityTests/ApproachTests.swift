import Foundation
import Synchronization
import Testing

@testable import ResourceIdentity

@Suite struct ApproachTests {
  let directory = Scratch()

  final class Scratch: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/approach-\(UUID().uuidString)"

    init() {
      let manager = FileManager.default
      try! manager.createDirectory(
        atPath: path + "/mnt/nfs/images", withIntermediateDirectories: true)
      try! manager.createDirectory(atPath: path + "/srv", withIntermediateDirectories: true)
      for (link, target) in [
        ("/srv/absolute", path + "/mnt/nfs/images"), ("/srv/relative", "../mnt/nfs"),
        ("/srv/self", "self"), ("/mnt/nfs/away", path + "/srv"),
      ] {
        try! manager.createSymbolicLink(atPath: path + link, withDestinationPath: target)
      }
    }

    deinit {
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  /// The mounts on the way to a path, one after the other, and what ended it.
  func way(to path: String, barred: String? = nil) -> (mounts: [String], barrier: String?) {
    var mounts: [String] = []
    let approach = Approach(mountPoints: ["/", directory.path + "/mnt/nfs"]) { mount in
      let short = mount.replacingOccurrences(of: directory.path, with: "")
      if mounts.last != short { mounts.append(short) }
      return short != barred
    }
    let barrier = approach.barrier(onTheWayTo: directory.path + path)
    return (mounts, barrier?.replacingOccurrences(of: directory.path, with: ""))
  }

  @Test(arguments: [
    ("/srv/file", ["/"]), ("/mnt/nfs/images/one", ["/", "/mnt/nfs"]),
    ("/srv/absolute/one", ["/", "/mnt/nfs"]), ("/srv/relative/images/one", ["/", "/mnt/nfs"]),
    ("/mnt/nfs/../x", ["/", "/mnt/nfs", "/"]),
    ("/mnt/nfs/away/relative/x", ["/", "/mnt/nfs", "/", "/mnt/nfs"]),
    ("/srv/../srv/./file", ["/"]), ("/nowhere/at/all", ["/"]),
  ])
  func tellsEveryMountOnTheWay(path: String, mounts: [String]) {
    let way = way(to: path)
    #expect(way.mounts == mounts)
    #expect(way.barrier == nil)
  }

  @Test(arguments: ["/mnt/nfs/images/one", "/srv/absolute/one", "/srv/relative/x", "/mnt/nfs"])
  func endsAtABarredMount(path: String) {
    #expect(way(to: path, barred: "/mnt/nfs").barrier == "/mnt/nfs")
    #expect(way(to: "/srv/file", barred: "/mnt/nfs").barrier == nil)
  }

  @Test func aCircleOfLinksEnds() {
    #expect(way(to: "/srv/self/x").barrier == nil)
  }
}
