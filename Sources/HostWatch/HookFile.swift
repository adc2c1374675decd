import Glibc
import LockModel

/// The file that libvirt runs as its hook. Where libvirt does not find one, it starts guests all the
/// same (`virHookCall` in virhook.c), so somebody has to look.
public struct HookFile: Sendable {
  /// Where the hook should be.
  public let path: String
  private let runDirectory: String
  private let processes: ProcessTable

  /// - Parameters:
  ///   - path: where the hook should be.
  ///   - runDirectory: where libvirt's daemons leave their pid files.
  public init(path: String, processes: ProcessTable, runDirectory: String = "/run") {
    self.path = path
    self.processes = processes
    self.runDirectory = runDirectory
  }

  /// Whether libvirt runs the hook.
  public enum State: Hashable, Sendable {
    /// It does, or will once it runs.
    case ready
    /// There is no such file, or a link that leads to none.
    case absent
    /// Something else than a file bears the name, which libvirt passes over.
    case notAFile
    /// Nobody may execute the file, so libvirt passes it over.
    case notExecutable
    /// It came, or was changed, after this libvirt daemon had started. libvirt looks for hooks when
    /// it starts, and again at SIGHUP: unless it found one then, it runs none. One that was
    /// put in the place of another looks the same and is run, and so does one that was there before
    /// somebody set the clock; a call of the hook by that daemon tells.
    case newer(than: ProcessRef)
    /// It cannot be told.
    case unknown(Unreadable)
  }

  /// How it is now. May read some of every process's data: a thread that can be spared.
  public func state() -> State {
    var file = stat()
    guard stat(path, &file) == 0 else {
      let error = errno
      return error == ENOENT || error == ENOTDIR ? .absent : .unknown(Unreadable(path, -error))
    }
    guard file.st_mode & S_IFMT == S_IFREG else { return .notAFile }
    // As virFileIsExecutable has it: whoever may execute it.
    guard file.st_mode & 0o111 != 0 else { return .notExecutable }
    do throws(Unreadable) {
      guard let daemon = try processes.driver(runDirectory: runDirectory),
        Self.seconds(file.st_ctim) > Self.whenStarted(daemon) + Self.tolerance
      else { return .ready }
      return .newer(than: daemon)
    } catch {
      return .unknown(error)
    }
  }

  /// The clocks of files and of processes each count in steps of up to 10 ms, and a daemon takes
  /// longer than this to look for hooks.
  private static let tolerance = 0.02

  /// In seconds after 1970, by the clock as it is set now.
  private static func whenStarted(_ process: ProcessRef) -> Double {
    let ticks = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    return now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME) + Double(process.startTime) / ticks
  }

  private static func now(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return seconds(time)
  }

  private static func seconds(_ time: timespec) -> Double {
    Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
