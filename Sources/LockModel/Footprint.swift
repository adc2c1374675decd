/// What of the cluster's storage a resource is, and what it is a part of.
///
/// Two resources that name a common thing in ``itself`` are one and the same to whoever writes them.
/// Whoever uses the whole of a thing meets everybody who uses a part of it; two different parts of
/// one thing never meet.
public struct Footprint: Hashable, Sendable {
  /// Who writes the resource writes these: one name as a rule; several for a device made of several
  /// others, a RAID. Never empty, no name twice.
  public let itself: [ResourceName]
  /// What it is a part of that no other part overlaps: a partition's disk, an LVM volume's physical
  /// volumes and their disks, the device that a file's filesystem lies on. None of ``itself``, no
  /// name twice.
  public let within: [ResourceName]

  /// One thing, by one name.
  public init(_ name: ResourceName, within: [ResourceName] = []) {
    self.init(first: name, [], within: within)
  }

  /// One or several things; what stands twice is taken once.
  public init(first: ResourceName, _ more: [ResourceName], within: [ResourceName]) {
    var seen: Set<ResourceName> = []
    itself = ([first] + more).filter { seen.insert($0).inserted }
    self.within = within.filter { seen.insert($0).inserted }
  }
}
