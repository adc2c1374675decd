import Dispatch
import LockModel
import Synchronization
import Testing

@testable import Agent

@Suite struct StorageSurveyTests {
  static func resources(_ paths: [String]) -> [Resource] {
    paths.map {
      Resource(kind: .file, device: "disk", source: .file($0), access: .exclusiveWrite)
    }
  }

  /// Looks at storage that hangs at one path, on a thread of its own.
  final class HungLook: Sendable {
    let reached = DispatchSemaphore(value: 0)
    let hangs = DispatchSemaphore(value: 0)
    let finished = DispatchSemaphore(value: 0)
    let known = Mutex<[Identification]?>(nil)

    func begin(_ survey: StorageSurvey, hangingAt path: String) {
      DispatchQueue.global().async { [self] in
        let known = survey.look(on: 7) { resource, enter in
          let mount = "/mnt" + String(resource.source.location.prefix(2))
          guard enter(mount) else {
            return Identification(resource: resource, result: .failed("barred from \(mount)"))
          }
          if resource.source.location == path {
            reached.signal()
            hangs.wait()
          }
          return identification(resource)
        }
        self.known.withLock { $0 = known }
        finished.signal()
      }
    }
  }

  static func identification(_ resource: Resource) -> Identification {
    let name = try! ResourceName("file:\(resource.source.location)")
    return Identification(resource: resource, result: .named(Footprint(name)))
  }

  @Test func theOneThatHangsIsBlamed() throws {
    let resources = Self.resources(["/a", "/hung", "/c"])
    let survey = StorageSurvey(of: resources, through: StorageGate())
    let look = HungLook()
    look.begin(survey, hangingAt: "/hung")
    look.reached.wait()
    let (known, thread) = survey.end(after: 5)
    #expect(thread == 7)
    #expect(known.map(\.resource) == resources)
    #expect(known[0] == Self.identification(resources[0]))
    #expect(
      known[1].result == .failed("its storage, mounted at '/mnt/h', has not answered within 5 ms"))
    #expect(known[2].result == known[1].result)
    look.hangs.signal()
    look.finished.wait()
    #expect(look.known.withLock { $0 }?.count == 3)
  }

  @Test func whatCameTooLateToBeginIsNotBegun() {
    let survey = StorageSurvey(of: Self.resources(["/a"]), through: StorageGate())
    let (known, thread) = survey.end(after: 5)
    #expect(thread == nil)
    #expect(known.allSatisfy { "\($0.result)".contains("waits for other storage") })
    let looked = Mutex(false)
    #expect(
      survey.look(on: 1) { resource, _ in
        looked.withLock { $0 = true }
        return Self.identification(resource)
      } == nil)
    #expect(!looked.withLock { $0 })
  }

  /// Until it comes out again.
  @Test func nobodyFollowsOneThatHangs() {
    let gate = StorageGate()
    let first = StorageSurvey(of: Self.resources(["/hung"]), through: gate)
    let look = HungLook()
    look.begin(first, hangingAt: "/hung")
    look.reached.wait()
    func mountAnswers(_ path: String) -> Bool {
      let survey = StorageSurvey(of: Self.resources([path]), through: gate)
      return survey.look(on: 1) { resource, enter in
        enter("/mnt" + String(path.prefix(2)))
          ? Self.identification(resource)
          : Identification(resource: resource, result: .failed("barred"))
      } == [Self.identification(Self.resources([path])[0])]
    }
    #expect(mountAnswers("/hung"), "nobody knows yet that it hangs")
    _ = first.end(after: 5)
    #expect(!mountAnswers("/hung"))
    #expect(mountAnswers("/other"))
    look.hangs.signal()
    look.finished.wait()
    #expect(mountAnswers("/hung"))
  }
}
