import AgentAPI
import Configuration
import GuardCore
import LockModel
import ResourceIdentity
import Testing

@Suite struct ConfigurationTests {
  @Test func anEmptyFileIsTheDefaults() throws {
    #expect(try Configuration(toml: "", file: "f") == Configuration())
  }

  @Test func everySettingIsTaken() throws {
    let configuration = try Configuration(
      toml: """
        engine = "dlm"
        lockspace = "vm-locks"
        allow_unfenced = true
        stopped_limit_ms = 1000
        node_name = "n1"
        node_id = 7
        mode = "observe"
        readonly = "concurrent"
        unlockable = "refuse"
        unidentified = "node-path"
        storage_timeout_ms = 100
        release_grace_ms = 0
        socket = "/s"
        hook_timeout_ms = 200
        session_starts = "refuse"
        state_dir = "/st"
        libvirt_run_dir = "/r"
        libvirt_save_dir = "/sv"
        [resources]
        file = false
        pci = true
        memory = "read-only"
        shmem = "shared-write"
        mdev = "exclusive-write"
        [[storage]]
        name = "images"
        path = "/srv/images"
        [[storage]]
        path = "/b"
        name = "b"
        [[network]]
        name = "ceph"
        protocol = "rbd"
        hosts = ["mon1", "mon2:6789"]
        """, file: "f")
    #expect(
      configuration.storages == [
        Storage(name: "images", path: "/srv/images"), Storage(name: "b", path: "/b"),
      ])
    #expect(
      configuration.networks == [
        NetworkStorage(name: "ceph", networkProtocol: .rbd, hosts: ["mon1", "mon2:6789"])
      ])
    #expect(configuration.engine == .dlm && configuration.lockspace == "vm-locks")
    #expect(configuration.allowUnfenced && configuration.stoppedLimit == 1_000)
    #expect(configuration.nodeName == "n1" && configuration.socket == "/s")
    #expect(configuration.nodeID == NodeID(7) && configuration.whatIsUnidentified == .nodePath)
    #expect(configuration.policy.mode == .observe)
    #expect(configuration.policy.readOnly == .concurrent)
    #expect(configuration.policy.unlockable == .refuse)
    #expect(configuration.storageTimeout == 100 && configuration.policy.releaseGrace == 0)
    #expect(configuration.hookTimeout == 200 && configuration.sessionStarts == .refuse)
    #expect(configuration.stateDirectory == "/st" && configuration.libvirtRunDirectory == "/r")
    #expect(configuration.libvirtSaveDirectory == "/sv")
    var rules = ResourceRules()
    rules[.file] = .off
    rules[.pci] = .asUsed
    rules[.memory] = .always(.readOnly)
    rules[.sharedMemory] = .always(.sharedWrite)
    rules[.mediatedDevice] = .always(.exclusiveWrite)
    #expect(configuration.policy.resources == rules)
  }

  @Test func onOneHostAPathIsIdentityEnough() throws {
    #expect(Configuration().whatIsUnidentified == .nodePath)
    #expect(try Configuration(toml: "engine = 'dlm'", file: "f").whatIsUnidentified == .refuse)
  }

  /// The hook must hear why before it gives up by itself.
  @Test(arguments: [(100, 50), (1_500, 750), (2_000, 1_000), (10_000, 9_000), (60_000, 59_000)])
  func theAnswerComesBeforeTheHooksDeadline(timeout: Int, limit: Int64) throws {
    let configuration = try Configuration(toml: "hook_timeout_ms = \(timeout)", file: "f")
    #expect(configuration.policy.answerLimit == limit)
    #expect(Configuration().policy.answerLimit == 9_000)
  }
}
