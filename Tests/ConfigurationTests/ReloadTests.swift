import Configuration
import Testing

@Suite struct ReloadTests {
  @Test func whatCanChangeChanges() throws {
    let new = try Configuration(
      toml: """
        mode = "observe"
        readonly = "concurrent"
        unlockable = "refuse"
        unidentified = "refuse"
        storage_timeout_ms = 100
        release_grace_ms = 0
        hook_timeout_ms = 200
        session_starts = "refuse"
        [resources]
        pci = true
        [[storage]]
        name = "a"
        path = "/a"
        [[network]]
        name = "a"
        protocol = "nbd"
        hosts = ["a"]
        """, file: "f")
    let (result, needsRestart) = Configuration().replaced(by: new)
    #expect(result == new && result != Configuration())
    #expect(needsRestart.isEmpty)
  }

  @Test func whatOnlyAStartDecidesStaysAndIsNamed() throws {
    let new = try Configuration(
      toml: """
        engine = "dlm"
        lockspace = "x"
        allow_unfenced = true
        stopped_limit_ms = 1000
        node_name = "surely-another"
        node_id = 7
        socket = "/s"
        state_dir = "/st"
        libvirt_run_dir = "/r"
        libvirt_save_dir = "/sv"
        """, file: "f")
    let (result, needsRestart) = Configuration().replaced(by: new)
    #expect(result == Configuration())
    #expect(
      needsRestart == [
        "engine", "lockspace", "allow_unfenced", "stopped_limit_ms", "node_name", "node_id",
        "socket", "state_dir", "libvirt_run_dir", "libvirt_save_dir",
      ])
  }
}
