import LockModel
import Synchronization

/// What the devices are parts of that were looked at in a batch: most files of a guest lie on one.
final class Containers: Sendable {
  private let known = Mutex<[DeviceNumber: [ResourceName]]>([:])

  /// Asks `look` once for each device.
  func of(_ device: DeviceNumber, _ look: () -> [ResourceName]) -> [ResourceName] {
    if let names = known.withLock({ $0[device] }) { return names }
    let names = look()
    known.withLock { $0[device] = names }
    return names
  }
}
