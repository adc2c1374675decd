import LockModel

extension Inventory {
  mutating func add(disk: Element, domainName: String) {
    let target = plain(disk.child("target")?["dev"] ?? "of no name")
    add(
      layer: disk, "disk \(target)", partOf: target,
      Access(disk: disk, domainName: domainName))
    addChain(below: disk, of: target)
    if let mirror = disk.child("mirror") { add(mirror: mirror, of: target) }
  }

  /// What a block job writes (live XML only). In an active commit it is a file of the chain, too.
  mutating func add(mirror: Element, of target: String) {
    let device = "mirror of \(target)"
    if mirror["type"] == nil, let path = mirror["file"] {
      // libvirt before 1.2.6 knew no other mirrors, and reads them still.
      lock(.file, device, .file(path), .exclusiveWrite)
    } else {
      add(layer: mirror, device, partOf: device, .exclusiveWrite)
    }
    addChain(below: mirror, of: device)
  }

  mutating func addChain(below top: Element, of disk: String) {
    var next = top.child("backingStore")
    var depth = 1
    while let layer = next {
      let device = "backing file \(depth) of \(disk)"
      add(layer: layer, device, partOf: device, .backing)
      next = layer.child("backingStore")
      depth += 1
    }
  }

  /// One image of a disk, and the data file that a qcow2 image may keep its guest's data in.
  mutating func add(
    layer: Element, _ device: String, partOf owner: String, _ access: Access
  ) {
    add(Image(layer), device, access)
    if let data = layer.child("source")?.child("dataStore") {
      add(Image(data), "data file of \(owner)", access)
    }
  }

  mutating func add(lease: Element) {
    guard let key = lease.child("key")?.text else {
      report("lease", "lease without a key")
      return
    }
    lock(
      .lease, "lease \(plain(key))",
      .lease(lockspace: lease.child("lockspace")?.text ?? "", key: key), .exclusiveWrite)
  }
}
