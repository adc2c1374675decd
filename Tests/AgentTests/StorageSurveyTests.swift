import Dispatch
import LockModel
import Testing

@testable import Agent

@Suite struct StorageSurveyTests {
  let resources = ["/a", "/hung", "/c"].map {
    Resource(kind: .file, device: "disk", source: .file($0), access: .exclusiveWrite)
  }

  @Test func theOneThatHangsIsBlamed() throws {
    let survey = StorageSurvey(of: resources)
    #expect(survey.after(5).allSatisfy { "\($0.result)".contains("waits for other storage") })
    let name = try ResourceName("file:a")
    let hangs = DispatchSemaphore(value: 0)
    let reached = DispatchSemaphore(value: 0)
    let finished = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      _ = survey.look { resource in
        if resource.source.location == "/hung" {
          reached.signal()
          hangs.wait()
        }
        return Identification(resource: resource, result: .named(Footprint(name)))
      }
      finished.signal()
    }
    reached.wait()
    let known = survey.after(5)
    #expect(known.map(\.resource) == resources)
    #expect(known[0].result == .named(Footprint(name)))
    #expect(known[1].result == .failed("its storage has not answered within 5 ms"))
    hangs.signal()
    finished.wait()
    #expect(survey.after(5).allSatisfy { $0.result == .named(Footprint(name)) })
  }
}
