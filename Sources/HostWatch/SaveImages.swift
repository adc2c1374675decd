import CLinux
import Glibc

/// libvirt's managed save images: `NAME.save` in its save directory (qemu_driver.c,
/// qemuDomainManagedSavePath). A domain that has one is frozen in the middle of its disks.
public struct SaveImages: Sendable {
  private let directory: String

  /// - Parameter directory: libvirt's save directory; one that is not there holds no images.
  public init(directory: String) {
    self.directory = directory
  }

  /// Whether the domain of that name has a managed save image.
  public func exists(for name: String) -> Bool {
    guard !name.contains("/"), !name.utf8.contains(0) else { return false }
    return access("\(directory)/\(name).save", F_OK) == 0
  }

  /// A descriptor that is readable when something was removed from the directory (inotify(7)); nil
  /// where the directory is not there.
  public func watchRemovals() -> Int32? {
    let descriptor = dlmguard_removals(directory)
    return descriptor < 0 ? nil : descriptor
  }

  /// The names of the domains whose images were removed since the last call.
  public func removed(_ descriptor: Int32) -> [String] {
    var domains: [String] = []
    // More than one read(2) of events can name.
    var names = [CChar](repeating: 0, count: 4096)
    while true {
      let count = dlmguard_read_removals(descriptor, &names, names.count)
      guard count > 0 else { return domains }
      for name in names[..<count].split(separator: 0) {
        let file = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if file.hasSuffix(".save") { domains.append(String(file.dropLast(".save".count))) }
      }
    }
  }
}
