import CLinux
import Configuration
import Glibc
import GuardCore
import HostWatch
import LockModel
import Logging

// The host's processes, and libvirt's save images.
extension NodeAgent {
  func find(_ owner: OwnerID, _ domain: Domain, _ reason: SearchReason) -> [Event] {
    // A thread of its own would have to wait for a processor, just when the guest takes one.
    if case .started = reason, let process = processes.starting(domain) {
      return [.found(owner, process, reason)]
    }
    var threads =
      processThreads
      ?? SpareThreads("dlmguard.processes", maximum: 4, loop: loop) { [self] thread in
        assumeIsolated { $0.processThreads?.free(thread) }
      }
    threads.run { [self] _ in
      do throws(ProcessTable.Unreadable) {
        // What is not there yet is asked for again in a moment: not every process needs to be looked at.
        let process =
          if case .advent = reason { try processes.begun(domain) } else {
            try processes.qemu(of: domain)
          }
        let isIncoming = if let process { try processes.isIncoming(process) } else { false }
        report(.found(owner, process, reason, isIncoming: isIncoming))
      } catch {
        // "Not found" would free what a running guest may use: the question stays.
        log.error("\(error); looking again for the QEMU process of \(Quoted(domain.name))")
        loop.after(Self.retry) { [self] in
          assumeIsolated { agent in
            for event in agent.find(owner, domain, reason) { agent.handle(event) }
          }
        }
      }
    }
    processThreads = threads
    return []
  }

  func watch(_ process: ProcessRef) -> [Event] {
    guard watched[process] == nil else { return [] }
    do {
      let pidfd = try PIDFD(process, in: processes)
      try loop.watch(pidfd.descriptor, for: .readable) { [self] _ in
        assumeIsolated { agent in
          // Once is enough: it stays readable. The owner's end closes it.
          agent.loop.forget(pidfd.descriptor)
          agent.handle(.exited(process))
        }
      }
      watched[process] = pidfd
      unwatchable.remove(process)
      return []
    } catch PIDFD.Failure.gone {
      unwatchable.remove(process)
      return [.exited(process)]
    } catch {
      // Its end is not noticed meanwhile: what it uses stays locked.
      log.error("cannot watch \(process): \(error); trying again")
      unwatchable.insert(process)
      loop.after(Self.retry) { [self] in
        assumeIsolated { agent in
          guard agent.unwatchable.contains(process) else { return }
          for event in agent.watch(process) { agent.handle(event) }
        }
      }
      return []
    }
  }

  func kill(_ process: ProcessRef, _ signal: KillSignal) {
    do throws(PIDFD.Failure) {
      let pidfd =
        if let known = watched[process] { known } else { try PIDFD(process, in: processes) }
      switch signal {
      case .terminate: try pidfd.terminate()
      case .kill: try pidfd.kill()
      }
    } catch .gone {
      return
    } catch {
      log.critical("cannot kill \(process), which must not go on: \(error); trying again")
      loop.after(Self.retry) { [self] in assumeIsolated { $0.kill(process, signal) } }
    }
  }

  func unwatch(_ process: ProcessRef) {
    unwatchable.remove(process)
    guard let pidfd = watched.removeValue(forKey: process) else { return }
    loop.forget(pidfd.descriptor)
  }

  /// Only what is known to be gone is gone.
  func isAlive(_ process: ProcessRef) -> Bool {
    watched[process].map { !$0.isGone } ?? unwatchable.contains(process)
  }

  func watchSaveImages() {
    guard imageRemovals == nil, let descriptor = images.watchRemovals() else { return }
    do throws(SystemError) {
      try loop.watch(descriptor, for: .readable) { [self] _ in
        assumeIsolated { agent in
          for name in agent.images.removed(descriptor) {
            agent.handle(.saveImageRemoved(name: name))
          }
        }
      }
      imageRemovals = descriptor
    } catch {
      log.error("removed save images will not be noticed: \(error)")
      close(descriptor)
    }
  }
}
