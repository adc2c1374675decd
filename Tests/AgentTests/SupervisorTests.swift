import CLinux
import Foundation
import Glibc
import GuardCore
import LockEngines
import Testing

@testable import Agent

@Suite struct SupervisorTests {
  private func supervisor(_ environment: [String: String]) -> Supervisor {
    Supervisor { environment[$0] }
  }

  @Test func itHearsAtAPathAndAtAnAbstractAddress() throws {
    let scratch = try Scratch()
    for address in [scratch.path("notify"), "@dlmguard-test-\(UUID())"] {
      let ear = try Ear(at: address)
      let supervisor = supervisor(["NOTIFY_SOCKET": address])
      #expect(supervisor.listens)
      #expect(supervisor.tell(.ready, .status("a\nREADY=0\u{7f}b")))
      #expect(ear.hear() == "READY=1\nSTATUS=a READY=0 b")
    }
  }

  @Test func nobodyNeedListen() throws {
    #expect(!supervisor([:]).listens)
    #expect(supervisor([:]).tell(.ready))
    let scratch = try Scratch()
    #expect(supervisor(["NOTIFY_SOCKET": scratch.path("nobody")]).tell(.ready))
    #expect(supervisor(["NOTIFY_SOCKET": "vsock:2:1"]).tell(.ready))
  }

  @Test func aFullSocketIsTriedAgainLater() throws {
    let scratch = try Scratch()
    let ear = try Ear(at: scratch.path("notify"))
    let supervisor = supervisor(["NOTIFY_SOCKET": ear.address])
    var told = 0
    while told < 100_000, supervisor.tell(.alive) { told += 1 }
    #expect(told < 100_000)
    _ = ear.hear()
    #expect(supervisor.tell(.alive))
  }

  @Test func twoSignsOfLifeComeWithinTheTimeAllowed() {
    #expect(supervisor(["WATCHDOG_USEC": "60000000"]).pulse == 30_000)
    #expect(supervisor(["WATCHDOG_USEC": "1"]).pulse == 1)
    #expect(supervisor(["WATCHDOG_USEC": "0"]).pulse == nil)
    #expect(supervisor([:]).pulse == nil)
    #expect(supervisor(["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "\(getpid())"]).pulse != nil)
    // Meant for the shell that has started this one.
    #expect(supervisor(["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"]).pulse == nil)
  }

  @Test func theAgentTellsOfItsLife() throws {
    let scratch = try Scratch()
    let ear = try Ear(at: scratch.path("notify"))
    let agent = try RunningAgent(
      scratch, engine: nil,
      supervisor: supervisor(["NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "100000"]))
    // Its socket is open although the engine is not: what waits for it may go on.
    let first = ear.hear()
    #expect(first?.hasPrefix("READY=1\nSTATUS=no guest, 1 alarm: ") == true, "\(first ?? "")")
    #expect(first?.contains("there is no corosync") == true)
    #expect(ear.hear() == "WATCHDOG=1")
    #expect(ear.hear() == "WATCHDOG=1")
    try agent.open(LocalEngine())
    var heard: [String] = []
    while let word = ear.hear(), heard.count < 1000, !heard.contains("STATUS=no guest, no alarm") {
      heard.append(word)
    }
    #expect(heard.contains("STATUS=no guest, no alarm"))
    // An alarm that ends without a word in the log.
    agent.agent.report(.unhooked("the hook is gone"))
    while let word = ear.hear(), heard.count < 2000,
      heard.last != "STATUS=no guest, 1 alarm: the hook is gone"
    {
      heard.append(word)
    }
    agent.agent.report(.unhooked(nil))
    var isQuiet = false
    while let word = ear.hear(), heard.count < 3000, !isQuiet {
      isQuiet = word == "STATUS=no guest, no alarm"
    }
    #expect(isQuiet)
    agent.stop()
    while let word = ear.hear(within: 1_000), heard.count < 2000 { heard.append(word) }
    #expect(heard.contains("STOPPING=1"))
  }
}
