import Configuration
import Dispatch
import GuardCore
import HostWatch
import LockModel
import ResourceIdentity

// The host's storage and the ledger's disk may take their time: nothing here waits for them.
extension NodeAgent {
  func survey(_ request: SurveyID, _ resources: [Resource], _ query: ProcessQuery?) {
    let survey = StorageSurvey(of: resources, through: storageGate)
    let timeout = configuration.storageTimeout
    surveys[request] = loop.after(timeout) { [self] in
      assumeIsolated { agent in
        let (known, thread) = survey.end(after: timeout)
        if let thread { agent.storageThreads?.giveUp(thread) }
        agent.surveyed(request, Survey(identifications: known, process: nil))
      }
    }
    var threads =
      storageThreads
      ?? SpareThreads("dlmguard.storage", maximum: 16, limit: 64, loop: loop) { [self] thread in
        assumeIsolated { $0.storageThreads?.free(thread) }
      }
    threads.run { [self, identity] thread in
      let process = query.flatMap { query in
        switch query {
        case .exactly(let pid): try? processes.process(pid)
        case .driver(let pid): processes.driver(of: pid)
        }
      }
      guard let known = survey.look(on: thread, identity.ready().identify) else { return }
      post { agent in
        if case .driver = query, let process {
          agent.guests.assumeIsolated { $0.heard(from: process) }
        }
        agent.surveyed(request, Survey(identifications: known, process: process))
      }
    }
    storageThreads = threads
  }

  /// The first answer counts: the storage's, or the deadline's.
  private func surveyed(_ request: SurveyID, _ survey: Survey) {
    surveys.removeValue(forKey: request).map(loop.cancel)
    handle(.surveyed(request, survey))
  }

  func write(_ record: OwnerRecord, _ reason: RecordReason) {
    ledgerThread.async { [self] in
      var failure: String?
      do throws(SystemError) {
        try ledger.write(record)
      } catch {
        failure = error.description
      }
      report(.recorded(record.owner, reason, failure: failure))
    }
  }

  func erase(_ owner: OwnerID) {
    ledgerThread.async { [self] in
      do throws(SystemError) {
        try ledger.erase(owner)
      } catch {
        report(.alarm("\(error); the next agent will see that its process is gone and remove it"))
      }
    }
  }
}
