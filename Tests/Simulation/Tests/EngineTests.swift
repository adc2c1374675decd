import LockEngineConformance
import Simulation
import Testing

/// The simulated lock manager keeps the kernel's rules, as every engine must.
@Suite struct SimulationEngineTests {
  @Test(arguments: Conformance.names) func conforms(check: String) {
    let cluster = ClusterLocks()
    var engine = cluster.engine(node: 0, isPrompt: true)
    let subject = EngineUnderTest(engine, locksOutliveProcess: true) {
      engine.die()
      engine = cluster.engine(node: 0, isPrompt: true)
      return engine
    }
    #expect(Conformance.failures(of: subject, in: check) == [])
  }
}
