import Foundation
import LockModel

@testable import ResourceIdentity

/// Files, and the volumes of libvirt pools.
extension Alias {
  static let files = [
    Alias("a file", "the same by a hard link, a symlink, another mount", .one) {
      let host = FakeHost()
      host.write("a", "")
      host.link("soft", to: "hard")
      try FileManager.default.linkItem(atPath: host.root + "/a", toPath: host.root + "/hard")
      return (
        try host.footprint(.file(host.root + "/a")), try host.footprint(.block(host.root + "/soft"))
      )
    },
    Alias("a file", "another file of its filesystem", .apart) {
      let host = ResourceIdentityTests.files()
      return (
        try host.footprint(.file(host.root + "/a")), try host.footprint(.file(host.root + "/b"))
      )
    },
    Alias("a file of a local filesystem", "the file of that number on another node", .apart) {
      try onTwoNodes({ _, _ in }, { _, _ in })
    },
    Alias("a block device", "a file of the filesystem on it", .part) {
      let host = try filesOnDisk()
      let path = host.root + "/a"
      let device = try KernelFile(path).device
      host.disk("sdx", "\(device)", ["device/wwid": naa])
      try host.mount(path, type: "ext4", source: "/dev/sdx")
      return (try host.footprint(of: device), try host.footprint(.file(path)))
    },
    Alias(
      "a file on NFSv4", "the same on another node, on NFSv3 and by another server address", .one
    ) {
      try onTwoNodes(
        { host, path in
          try host.mount(path, type: "nfs4", source: "nas:/export")
          try host.volumes(path, version: 4, fsid: "11223344556677:8899aabbccddee00")
        },
        { host, path in
          try host.mount(path, type: "nfs", source: "10.0.0.2:/export")
          try host.volumes(path, version: 3, fsid: "7788888888888888:0")
        })
    },
    Alias("a file on NFS", "the file of that number in another export", .apart) {
      try onTwoNodes(
        { host, path in
          try host.mount(path, type: "nfs4", source: "nas:/a")
          try host.volumes(path, version: 4, fsid: "1:0")
        },
        { host, path in
          try host.mount(path, type: "nfs4", source: "nas:/b")
          try host.volumes(path, version: 4, fsid: "2:0")
        })
    },
    Alias("a file on GFS2", "the same on another node, by another device", .one) {
      try onTwoNodes(
        { host, path in
          try host.mount(path, type: "gfs2", source: "/dev/mapper/a")
          try host.gfs2(path, uuid: "0F1E2D3C-0000-0000-0000-000000000001")
        },
        { host, path in
          try host.mount(path, type: "gfs2", source: "/dev/dm-7")
          try host.gfs2(path, uuid: "0f1e2d3c-0000-0000-0000-000000000001")
        })
    },
    Alias("a file on GFS2", "the file of that number in another filesystem", .apart) {
      try onTwoNodes(
        { host, path in
          try host.mount(path, type: "gfs2", source: "/dev/dm-7")
          try host.gfs2(path, uuid: "0f1e2d3c-0000-0000-0000-000000000001")
        },
        { host, path in
          try host.mount(path, type: "gfs2", source: "/dev/dm-7")
          try host.gfs2(path, uuid: "0f1e2d3c-0000-0000-0000-000000000002")
        })
    },
    Alias("a file on OCFS2", "the same on another node", .one) {
      try onTwoNodes(
        { try $0.mount($1, type: "ocfs2", source: "/dev/dm-1") },
        { try $0.mount($1, type: "ocfs2", source: "/dev/dm-2") })
    },
    Alias("a file on CephFS", "the same on another node, by other monitors", .one) {
      try onTwoNodes(
        { try $0.mount($1, type: "ceph", source: "mon1:6789:/") },
        { try $0.mount($1, type: "ceph", source: "mon2,mon3:/sub") })
    },
    Alias("a file on SMB", "the same on another node, in other letter case", .one) {
      try onTwoNodes(
        { try $0.mount($1, type: "cifs", source: "//NAS/Images", options: "rw,serverino") },
        { try $0.mount($1, type: "smb3", source: "//nas/images/sub", options: "rw,serverino") })
    },
    Alias("a file on SMB", "the file of that number in another share", .apart) {
      try onTwoNodes(
        { try $0.mount($1, type: "cifs", source: "//nas/a", options: "rw,serverino") },
        { try $0.mount($1, type: "cifs", source: "//nas/b", options: "rw,serverino") })
    },
  ]

  static let volumes = [
    Alias("a volume of a directory pool", "the file", .one) {
      let host = ResourceIdentityTests.files()
      host.pool("p", "<pool type='dir'><target><path>\(host.root)</path></target></pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "a")),
        try host.footprint(.file(host.root + "/a"))
      )
    },
    Alias("a volume of an rbd pool", "the image", .one) {
      let host = FakeHost()
      host.pool(
        "p",
        "<pool type='rbd'><source><host name='mon1' port='6789'/><name>vms</name></source></pool>",
        active: false)
      return (
        try host.footprint(.volume(pool: "p", volume: "a")), try host.network(.rbd, "vms/a", "mon2")
      )
    },
    Alias("a volume of a Gluster pool", "the file in the volume", .one) {
      let host = FakeHost()
      host.pool(
        "p",
        "<pool type='gluster'><source><host name='g'/><dir path='/sub'/><name>vol</name></source>"
          + "</pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "a")), try host.network(.gluster, "vol/sub/a")
      )
    },
    Alias("a volume of an iscsi-direct pool", "the LUN", .one) {
      let host = FakeHost()
      host.pool(
        "p",
        "<pool type='iscsi-direct'><source><host name='h'/><device path='iqn.2026-01.org.x:d'/>"
          + "</source></pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "unit:0:0:3")),
        try host.network(.iscsi, "iqn.2026-01.org.x:d/3", "h")
      )
    },
    Alias("a volume of an iscsi pool", "the block device of its session", .one) {
      let host = twoPaths()
      let session = "sys/devices/platform/host3/session1/iscsi_session/session1"
      host.write("\(session)/targetname", "iqn.2026-01.org.x:d\n")
      host.link("sys/class/iscsi_session/session1", to: session)
      host.write("sys/bus/scsi/devices/3:0:0:1/block/sda/dev", "8:0\n")
      host.pool(
        "p",
        "<pool type='iscsi'><source><host name='h'/><device path='iqn.2026-01.org.x:d'/></source>"
          + "<target><path>/dev/disk/by-path</path></target></pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "unit:0:0:1")), try host.block("8:16")
      )
    },
    Alias("a volume of a scsi pool", "the block device", .one) {
      let host = twoPaths()
      host.write("sys/bus/scsi/devices/5:0:0:1/block/sda/dev", "8:0\n")
      host.write("sys/bus/scsi/devices/4:0:0:1/block/sdc/dev", "8:32\n")
      host.write("sys/class/fc_host/host5/port_name", "0x10000000c9831b4b\n")
      host.write("sys/class/fc_host/host5/node_name", "0x20000000c9831b4b\n")
      host.write("sys/class/fc_host/host4/port_name", "0x10000000c9831b4a\n")
      host.write("sys/class/fc_host/host4/node_name", "0x20000000c9831b4b\n")
      host.pool(
        "p",
        "<pool type='scsi'><source><adapter type='fc_host' wwnn='20000000C9831B4B' "
          + "wwpn='10000000c9831b4b'/></source></pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "unit:0:0:1")), try host.block("8:0")
      )
    },
  ]
}
