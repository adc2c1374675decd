import DomainXML
import LockModel

extension ProcessTable {
  /// The QEMU process of a domain that a status file describes; the file may be older than the
  /// process's end. Nil where there is none.
  ///
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func qemu(of description: DomainDescription) throws(Unreadable) -> ProcessRef? {
    let domain = Domain(uuid: description.uuid, name: description.name)
    guard let pid = description.status?.pid else { return try qemu(of: domain) }
    return try qemu(pid, of: domain)
  }
}
