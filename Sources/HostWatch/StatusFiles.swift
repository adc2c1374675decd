import CLinux
import DomainXML
import Glibc
import LockModel

/// The files in which libvirt keeps what it knows of each domain that has a QEMU process: `NAME.xml` in
/// its run directory (`qemuDomainSaveStatus`; the format is libvirt's own and has stayed readable
/// since 0.6).
///
/// libvirt replaces such a file at every change of the domain that it would have to know after its own
/// restart: start, pause, hot-plug, change of media, block job, snapshot, lease, migration. So they
/// tell also what libvirt has no event for, at once, without asking a daemon that may be dead or
/// wait for a hook.
///
/// Any thread; the files are in memory (`/run`), so nothing here waits for storage.
public struct StatusFiles: Sendable {
  let directory: String

  /// - Parameter directory: libvirt's run directory of its QEMU driver, `/run/libvirt/qemu` as a rule.
  public init(directory: String) {
    self.directory = directory
  }

  /// One state of one file: libvirt puts a new file in place of the old one, never writes into it.
  public struct Version: Hashable, Sendable {
    private let inode: UInt64
    private let size: Int64
    private let modified: [Int]

    fileprivate init(_ status: stat) {
      inode = UInt64(status.st_ino)
      size = Int64(status.st_size)
      modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }
  }

  /// What one file says, and which state of it that is.
  public struct Reading: Hashable, Sendable {
    /// For telling later whether there is anything new.
    public let version: Version
    /// The domain; what it is called is said here, not in the file's name.
    public let domain: DomainDescription
  }

  /// Why a file that is there tells nothing.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// It could not be read.
    case unreadable(Unreadable)
    /// It holds no domain that dlmguard understands; that state of it never will.
    case notADomain(Version, DomainXMLError)

    /// What is wrong, for a person, without the name of the file.
    public var description: String {
      switch self {
      case .unreadable(let unreadable): unreadable.reason
      case .notADomain(_, let error): error.description
      }
    }
  }

  /// The files that are there now, in no order; none where the directory is not there.
  ///
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func all() throws(Unreadable) -> [FileName] {
    try fileNames(in: directory)?.filter(Self.isStatus) ?? []
  }

  static func isStatus(_ name: FileName) -> Bool {
    name.dropping(suffix: ".xml") != nil
  }

  /// Which of the files are not as they were, and which are gone.
  public struct Difference: Hashable, Sendable {
    /// New ones too, in no order.
    public let changed: Set<FileName>
    /// Those that were there.
    public let gone: Set<FileName>
  }

  /// What is other than it was: one stat(2) a file.
  ///
  /// - Throws: ``Unreadable`` where not even the names can be told; a file that alone cannot be
  ///   looked at counts as changed, and says why when it is read.
  public func difference(since known: [FileName: Version]) throws(Unreadable) -> Difference {
    let present = Set(try all())
    return Difference(
      changed: present.filter { name in version(of: name).map { $0 != known[name] } ?? true },
      gone: Set(known.keys).subtracting(present))
  }

  private func version(of name: FileName) -> Version? {
    var status = stat()
    return stat(name.path(in: directory), &status) == 0 ? Version(status) : nil
  }

  /// Reads one file; nil where it is not there: the domain has no QEMU process, as far as libvirt knows.
  ///
  /// - Throws: ``Failure`` for one that is there and tells nothing.
  public func read(_ name: FileName) throws(Failure) -> Reading? {
    // Whatever else bears the name: a FIFO would have no end.
    let file = open(name.path(in: directory), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw .unreadable(unreadable(name, errno))
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .unreadable(unreadable(name, errno)) }
    let version = Version(status)
    let bytes: [UInt8]
    do throws(Unreadable) {
      bytes = try contents(of: file, called: name, status)
    } catch {
      throw .unreadable(error)
    }
    do throws(DomainXMLError) {
      return Reading(version: version, domain: try DomainDescription(xml: bytes))
    } catch {
      throw .notADomain(version, error)
    }
  }

  private func contents(
    of file: Int32, called name: FileName, _ status: stat
  ) throws(Unreadable) -> [UInt8] {
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Unreadable(path: path(name), reason: "it is not a regular file")
    }
    let size = Int(status.st_size)
    guard size <= DomainDescription.maximumLength else {
      throw Unreadable(
        path: path(name), reason: "it is longer than \(DomainDescription.maximumLength) bytes")
    }
    var bytes = [UInt8](repeating: 0, count: size)
    var total = 0
    while total < size {
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(file, buffer.baseAddress.map { $0 + total }, size - total)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(name, errno) }
      if count == 0 { break }
      total += count
    }
    return Array(bytes[..<total])
  }

  private func path(_ name: FileName) -> String { "\(directory)/\(name)" }

  private func unreadable(_ name: FileName, _ error: Int32) -> Unreadable {
    Unreadable(path(name), -error)
  }
}
