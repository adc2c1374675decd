import Glibc

/// The way to a file, told mount by mount before anything of a mount is touched: what hangs there then
/// hangs at a place that is known, and whoever comes later can be kept from it.
struct Approach {
  /// Where something is mounted, as paths.
  let mountPoints: Set<String>
  /// Told each mount that the way leads through, by its mount point; false ends the way.
  let enter: (_ mountPoint: String) -> Bool

  /// The kernel's own limit on symlinks (path_resolution(7), `MAXSYMLINKS`).
  private static let mostLinks = 40

  /// Goes as far as the file, symlinks resolved, and touches nothing but directories and links on the
  /// way. Blocks for as long as a mount on the way does.
  ///
  /// - Parameter path: absolute.
  /// - Returns: the mount point at which the way ended; nil where it leads to the file, or nowhere.
  func barrier(onTheWayTo path: String) -> String? {
    guard enter("/") else { return "/" }
    var ahead = Self.components(of: path)
    var behind: [Substring] = []
    var links = 0
    while let name = ahead.popFirst() {
      switch name {
      case ".": continue
      case "..":
        _ = behind.popLast()
        guard goOn(behind) else { return mount(of: behind) }
        continue
      default: break
      }
      let next = behind + [name]
      if mountPoints.contains(Self.path(of: next)) {
        // What is mounted somewhere is no link.
        behind = next
        guard goOn(behind) else { return mount(of: behind) }
        continue
      }
      guard let target = Self.link(Self.path(of: next)) else {
        behind = next
        continue
      }
      links += 1
      // The kernel will say what is wrong with it.
      if links > Self.mostLinks { return nil }
      ahead = (Self.components(of: target) + ahead)[...]
      if target.hasPrefix("/") {
        behind = []
        guard goOn(behind) else { return mount(of: behind) }
      }
    }
    return nil
  }

  private func goOn(_ directory: [Substring]) -> Bool {
    enter(mount(of: directory))
  }

  /// The mount that a directory lies in, by its path alone.
  private func mount(of directory: [Substring]) -> String {
    for count in stride(from: directory.count, to: 0, by: -1) {
      let path = Self.path(of: Array(directory[..<count]))
      if mountPoints.contains(path) { return path }
    }
    return "/"
  }

  private static func components(of path: String) -> ArraySlice<Substring> {
    path.split(separator: "/")[...]
  }

  private static func path(of components: [Substring]) -> String {
    "/" + components.joined(separator: "/")
  }

  /// What a symlink says; nil for anything else.
  private static func link(_ path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
