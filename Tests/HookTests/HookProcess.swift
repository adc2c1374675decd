import Foundation
import Glibc

/// The built hook, run as libvirt runs it.
struct HookProcess {
  struct Outcome {
    let status: Int32
    let output: String
    let message: String
  }

  var name = "vm-1"
  var operation = "prepare"
  var sub = "begin"
  var input = Data(HookProcess.xml.utf8)
  /// Holds the configuration, if any, and the agent's socket.
  let folder: URL
  /// Another user than root.
  var user: UInt32?

  static let xml = """
    <domain type='kvm'><name>vm-1</name><uuid>83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7</uuid>\
    <devices><disk type='file'><source file='/srv/a.qcow2'/><target dev='vda'/></disk></devices>\
    </domain>
    """

  /// It is built beside the tests.
  static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "qemu-hook")

  func run(arguments: [String]? = nil) throws -> Outcome {
    let process = Process()
    let arguments = arguments ?? [name, operation, sub, "-"]
    if let user {
      // Through a copy: that user may have no way into the directory of the build.
      let copy = folder.appending(path: "qemu-hook")
      if !FileManager.default.fileExists(atPath: copy.path) {
        try FileManager.default.copyItem(at: Self.executable, to: copy)
      }
      process.executableURL = URL(filePath: "/usr/bin/setpriv")
      process.arguments = ["--reuid=\(user)", "--clear-groups", copy.path] + arguments
    } else {
      process.executableURL = Self.executable
      process.arguments = arguments
    }
    // The default file of this machine must not decide a test.
    process.environment = ["DLMGUARD_CONFIG": folder.appending(path: "dlmguard.conf").path]
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (input, output)
    process.standardError = errors
    signal(SIGPIPE, SIG_IGN)
    try process.run()
    let writer = Thread { [data = self.input] in
      // The hook need not read it all.
      try? input.fileHandleForWriting.write(contentsOf: data)
      try? input.fileHandleForWriting.close()
    }
    writer.start()
    let message = try errors.fileHandleForReading.readToEnd() ?? Data()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      message: String(decoding: message, as: UTF8.self))
  }
}
