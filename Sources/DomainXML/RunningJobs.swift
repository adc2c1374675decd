import LockModel

extension Inventory {
  /// What QEMU writes for jobs of which only libvirt's own status file tells
  /// (`qemuDomainObjPrivateXMLFormat`).
  mutating func add(jobsOf status: Element) {
    for backup in status.child("backups")?.children("domainbackup") ?? [] {
      for disk in backup.child("disks")?.children("disk") ?? [] {
        // Pulled from scratch files, or pushed to targets.
        let place = disk.child("scratch") ?? disk.child("target")
        guard let place else { continue }
        add(
          Image(type: disk["type"], source: place), "backup of \(disk.shown("name"))",
          .exclusiveWrite)
      }
    }
    for job in status.child("blockjobs")?.children("blockjob") ?? [] {
      let name = "block job \(job.shown("name"))"
      // An image that is being made, and those of a disk that the domain no longer has.
      if let image = job.child("src") { add(Image(image), name, .exclusiveWrite) }
      guard let orphans = job.child("chains") else { continue }
      if let disk = orphans.child("disk") {
        add(layer: disk, "disk of \(name)", partOf: name, .exclusiveWrite)
        addChain(below: disk, of: name)
      }
      if let mirror = orphans.child("mirror") { add(mirror: mirror, of: name) }
    }
  }
}
