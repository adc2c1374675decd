import Glibc
import LockModel

/// libvirt's own client program, for the one thing that dlmguard asks of libvirt: a call that libvirt
/// never answers can be ended with the program that made it.
public struct Virsh: Sendable {
  private let uri: String
  private let directories: [String]

  /// - Parameters:
  ///   - uri: which libvirt (`qemu:///system`).
  ///   - directories: where the program is looked for, whatever PATH says.
  public init(uri: String, directories: [String] = ["/usr/bin", "/usr/local/bin"]) {
    self.uri = uri
    self.directories = directories
  }

  /// Why a guest may not be paused.
  public enum Failure: Error, Hashable, Sendable {
    /// There is no `virsh` in any of the directories.
    case notInstalled
    /// It could not be run; why, for a person.
    case unstartable(String)
    /// libvirt did not do it. What virsh said, untrusted and of several lines, up to 4 KiB.
    case refused(String)
    /// Nothing was heard in time. libvirt may do it yet.
    case unanswered
  }

  /// Pauses a guest; returns once its processors stand still. One that is paused stays so.
  ///
  /// A thread that may block for the given time. Not from a hook, nor while one is being answered:
  /// libvirt would wait for itself.
  ///
  /// - Parameter milliseconds: how long it may take.
  /// - Throws: ``Failure``; the guest may still run.
  public func suspend(_ uuid: DomainUUID, within milliseconds: Int64) throws(Failure) {
    let paths: [String] = directories.map { "\($0)/virsh" }
    guard let path = paths.first(where: { access($0, X_OK) == 0 }) else { throw .notInstalled }
    let end: Program.End
    do throws(Program.Unstartable) {
      end = try Program(path: path, arguments: ["-q", "-c", uri, "suspend", "\(uuid)"])
        .run(within: milliseconds)
    } catch {
      throw .unstartable(error.reason)
    }
    switch end {
    case .exited(0, _): return
    case .exited(let code, let errors):
      throw .refused(errors.isEmpty ? "virsh ended with code \(code)" : errors)
    case .killed(let signal): throw .refused("signal \(signal) ended virsh")
    case .overdue: throw .unanswered
    }
  }
}
