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
    let descriptor = dlmguard_changes()
    guard descriptor >= 0 else { return nil }
    guard dlmguard_watch_directory(descriptor, directory, UInt32(DLMGUARD_REMOVED)) >= 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// The names of the domains whose images were removed since the last call.
  public func removed(_ descriptor: Int32) -> [String] {
    DirectoryChange.next(descriptor).compactMap { change in
      guard case .entry(let file) = change.what else { return nil }
      return file.dropping(suffix: ".save")?.description
    }
  }
}
