import CLinux
import Glibc

/// Finds what a process has open that can be a disk.
struct DiskSearch {
  private let table: ProcessTable
  private let pid: Int32
  private let pidFiles: [String]
  private(set) var files: [StrayQEMU.OpenFile] = []
  private(set) var obstacle: Unreadable?
  /// Where in the list a file stands: QEMU opens some more than once.
  private var places: [Identity: Int] = [:]

  private struct Identity: Hashable {
    let isBlockDevice: Bool
    let major, minor: UInt32
    let inode: UInt64
  }

  /// No guest has so many; looking at them takes a tenth of a second.
  private static let maximum = 16_384

  /// - Parameter pidFiles: what QEMU was told to write its pid to, and keeps open.
  init(table: ProcessTable, pid: Int32, pidFiles: [String]) {
    self.table = table
    self.pid = pid
    self.pidFiles = pidFiles
  }

  mutating func run() {
    let directory = "\(table.proc)/\(pid)/fd"
    attempt { search throws(Unreadable) in
      let names = try fileNames(in: directory) ?? []
      if names.count > Self.maximum {
        search.obstacle = Unreadable(
          path: directory, reason: "it has more than \(Self.maximum) files open")
      }
      for number in names.compactMap({ Int32($0.description) }).sorted().prefix(Self.maximum) {
        search.attempt { search throws(Unreadable) in try search.look(at: number) }
      }
    }
  }

  /// What cannot be told of one file does not hide the others.
  private mutating func attempt(_ body: (inout Self) throws(Unreadable) -> Void) {
    do throws(Unreadable) {
      try body(&self)
    } catch {
      obstacle = obstacle ?? error
    }
  }

  private mutating func look(at number: Int32) throws(Unreadable) {
    let link = "\(table.proc)/\(pid)/fd/\(number)"
    guard let path = try table.target(of: link), isPlace(path),
      let mode = try accessMode(number), mode != O_WRONLY
    else { return }
    var file = dlmguard_file()
    let result = dlmguard_recall(link, &file)
    if result == -ENOENT || result == -ESRCH { return }
    guard result == 0 else { throw Unreadable(link, result) }
    let isBlockDevice = file.mode & S_IFMT == S_IFBLK
    // What nobody else can open any more is nobody else's concern.
    guard isBlockDevice || file.mode & S_IFMT == S_IFREG && file.links > 0 else { return }
    let identity = Identity(
      isBlockDevice: isBlockDevice, major: isBlockDevice ? file.major : file.device_major,
      minor: isBlockDevice ? file.minor : file.device_minor, inode: isBlockDevice ? 0 : file.inode)
    let opened = StrayQEMU.OpenFile(
      path: path, link: link, isBlockDevice: isBlockDevice, isWritable: mode == O_RDWR)
    if let place = places[identity] {
      if opened.isWritable, !files[place].isWritable { files[place] = opened }
    } else {
      places[identity] = files.count
      files.append(opened)
    }
  }

  /// Whether a disk may lie there: not for sockets, pipes and memory, whose links lead to no path, nor
  /// for what the kernel tells of itself.
  private func isPlace(_ path: String) -> Bool {
    path.hasPrefix("/") && !path.hasPrefix("/memfd:") && !path.hasPrefix("/proc/")
      && !path.hasPrefix("/sys/")
      && !pidFiles.contains { path == $0 || !$0.hasPrefix("/") && path.hasSuffix("/\($0)") }
  }

  /// How it was opened, of O_ACCMODE: QEMU opens disks to read, or to read and write, and logs to write
  /// only. Nil for what is closed by now, or was opened for neither (O_PATH).
  private func accessMode(_ number: Int32) throws(Unreadable) -> Int32? {
    let path = "\(table.proc)/\(pid)/fdinfo/\(number)"
    guard let bytes = try table.read(path, limit: 1024) else { return nil }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix("flags:") {
      guard let flags = Int32(line.dropFirst("flags:".count).drop { $0 == "\t" }, radix: 8) else {
        break
      }
      return flags & Self.pathOnly == 0 ? flags & O_ACCMODE : nil
    }
    throw Unreadable(path: path, reason: "it is not as proc(5) says")
  }

  /// O_PATH, which Glibc's module does not have.
  private static let pathOnly: Int32 = 0o10000000
}
