import DomainXML
import LockModel

extension ProcessTable {
  /// The QEMU process of a domain that a status file describes. Nil where there is none: the file may be
  /// younger than the process's beginning, and older than its end.
  ///
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func qemu(of description: DomainDescription) throws(Unreadable) -> ProcessRef? {
    let domain = Domain(uuid: description.uuid, name: description.name)
    // libvirt writes the file before it starts the process, and again when it knows the pid.
    guard let pid = description.status?.pid else { return starting(domain) }
    return try qemu(pid, of: domain)
  }
}
