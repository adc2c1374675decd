import HostWatch
import LockModel

/// What a person should know of the hook's file: libvirt starts guests without a word where it finds none.
struct HookText {
  /// Nil where libvirt calls the hook, as far as can be seen.
  let alarm: String?

  /// - Parameter heard: libvirt daemons that have called the hook.
  init(_ state: HookFile.State, at path: String, heard: Set<ProcessRef>) {
    let danger = "libvirt starts guests without asking dlmguard"
    alarm =
      switch state {
      case .ready: nil
      case .absent:
        "\(danger): its hook \(Quoted(path)) is not there. Install it, then restart libvirt's daemon "
          + "(guests go on); or name where it is: hook_file in dlmguard.conf"
      case .notAFile:
        "\(danger): its hook \(Quoted(path)) is no file. Install it, then restart libvirt's daemon"
      case .notExecutable:
        "\(danger): its hook \(Quoted(path)) cannot be executed: chmod 755 \(Quoted(path))"
      case .newer(let daemon) where heard.contains(daemon): nil
      case .newer(let daemon):
        "\(danger), perhaps: the hook \(Quoted(path)) came after libvirt's daemon (\(daemon)) had started, "
          + "which looks for hooks only then. Restart that daemon (guests go on)"
      case .unknown(let unreadable):
        "whether libvirt calls dlmguard's hook cannot be told: \(unreadable)"
      }
  }
}
