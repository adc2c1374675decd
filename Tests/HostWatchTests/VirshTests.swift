import CLinux
import Foundation
import LockModel
import Testing

@testable import HostWatch

/// With scripts in virsh's place.
@Suite struct VirshTests {
  let scratch: Scratch
  let domain = DomainUUID(uuid)!

  init() throws {
    scratch = try Scratch()
  }

  private func suspend(_ script: String, within milliseconds: Int64 = 10_000) throws {
    try scratch.write("virsh", "#!/bin/bash\ncd '\(scratch.path)'\n\(script)\n", mode: 0o755)
    try suspend(directories: ["/nowhere", scratch.path], within: milliseconds)
  }

  /// A child of another test that was forked meanwhile has the script open for writing until its exec(2), and
  /// what is open so cannot be run yet (ETXTBSY in execve(2)).
  private func suspend(directories: [String], within milliseconds: Int64) throws {
    let virsh = Virsh(uri: "test:///default", directories: directories)
    for _ in 0..<500 {
      do {
        return try virsh.suspend(domain, within: milliseconds)
      } catch {
        guard error == .unstartable("Text file busy") else { throw error }
        usleep(10_000)
      }
    }
    try virsh.suspend(domain, within: milliseconds)
  }

  private func text(_ file: String) throws -> String {
    try String(contentsOfFile: scratch[file], encoding: .utf8)
  }

  @Test func itIsAskedInACleanEnvironment() throws {
    setenv("DLMGUARD_TEST", "leak", 1)
    signal(SIGUSR2, SIG_IGN)
    let leak = open("/dev/null", O_RDONLY)
    defer { close(leak) }
    try suspend(
      """
      printf '%s\\n' "$@" >arguments
      env >environment
      readlink /proc/$$/fd/0 /proc/$$/fd/1 >files
      grep -E 'Sig(Blk|Ign)' /proc/self/status >signals
      exec ls /proc/self/fd >descriptors
      """)
    signal(SIGUSR2, SIG_DFL)
    #expect(try text("arguments") == "-q\n-c\ntest:///default\nsuspend\n\(uuid)\n")
    #expect(try !text("environment").contains("DLMGUARD_TEST"))
    #expect(try text("environment").contains("LC_ALL=C\n"))
    #expect(try text("files") == "/dev/null\n/dev/null\n")
    // The last one is the directory that is listed.
    #expect(try text("descriptors") == "0\n1\n2\n3\n")
    let signals = try text("signals").split(separator: "\n").map { line in
      let words = line.split(separator: "\t")
      return (name: words[0], mask: UInt64(words[1], radix: 16))
    }
    #expect(signals.map(\.name) == ["SigBlk:", "SigIgn:"])
    #expect(signals[0].mask == 0)
    // Of the ignored ones 32 and 33 are glibc's own; that of Debian 12 ignores them, that of 13 does not.
    #expect(try #require(signals[1].mask) & ~0x1_8000_0000 == 0)
  }

  @Test func whatItSaysComesBack() throws {
    #expect(throws: Virsh.Failure.refused("error: no\nerror: never\n")) {
      try suspend("printf 'error: no\\nerror: never\\n' >&2; exit 1")
    }
    #expect(throws: Virsh.Failure.refused("virsh ended with code 3")) { try suspend("exit 3") }
    #expect(throws: Virsh.Failure.refused("signal 15 ended virsh")) {
      try suspend("kill -TERM $$")
    }
  }

  @Test func muchOfItIsCutOff() throws {
    let failure = #expect(throws: Virsh.Failure.self) {
      try suspend("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1")
    }
    #expect(failure == .refused(String(repeating: "x", count: 4096)))
  }

  @Test func oneThatHangsIsEndedWithItsChildren() throws {
    let began = dlmguard_uptime()
    #expect(throws: Virsh.Failure.unanswered) {
      try suspend("sleep 1000 & echo $! >child; echo x >&2; sleep 1000", within: 500)
    }
    #expect(dlmguard_uptime() - began < 5_000)
    let child = try #require(
      Int32(try text("child").trimmingCharacters(in: .whitespacesAndNewlines)))
    let table = ProcessTable(libvirtRunDirectory: "/nowhere")
    var left = 100
    // Its new parent has to take note.
    while left > 0, try table.process(child) != nil,
      try String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8).contains(") S ")
    {
      usleep(20_000)
      left -= 1
    }
    #expect(left > 0)
  }

  /// A child that keeps standard error open outlives it.
  @Test func itsEndIsEnough() throws {
    let began = dlmguard_uptime()
    try suspend("sleep 20 & echo $! >child; exit 0", within: 15_000)
    #expect(dlmguard_uptime() - began < 10_000)
    let child = try #require(
      Int32(try text("child").trimmingCharacters(in: .whitespacesAndNewlines)))
    kill(child, SIGKILL)
  }

  @Test func itMustBeThereAndRun() throws {
    #expect(throws: Virsh.Failure.notInstalled) {
      try suspend(directories: [scratch.path], within: 1_000)
    }
    try scratch.write("virsh", "#!/nowhere\n", mode: 0o755)
    #expect(throws: Virsh.Failure.unstartable("No such file or directory")) {
      try suspend(directories: [scratch.path], within: 1_000)
    }
  }
}
