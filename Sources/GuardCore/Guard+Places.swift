import AgentAPI
import Directory
import LockModel

// What lies at a path, by every node's word: storage that nodes share must have one name on all of them.
extension Guard {
  /// Who wants to know what lies at a path, and what is known of it by now.
  struct Inspection {
    var here: PathIdentity?
    var elsewhere: [NodeID: PathIdentity]?
  }

  mutating func inspect(_ path: String, _ request: RequestID) {
    survey(request, .identify(path: path), [.anything(at: path)], nil)
    inspections[request] = Inspection(elsewhere: description.lockspace == nil ? [:] : nil)
    if description.lockspace != nil { effects.append(.lookElsewhere(request, path: path)) }
  }

  mutating func seenHere(_ request: RequestID, _ survey: Survey) {
    let identity = identity(survey)
    inspections[request]?.here = identity
    concludeInspection(request)
  }

  mutating func seenElsewhere(_ request: RequestID, _ identities: [NodeID: PathIdentity]) {
    inspections[request]?.elsewhere = identities
    concludeInspection(request)
  }

  private mutating func concludeInspection(_ request: RequestID) {
    guard let inspection = inspections[request], let here = inspection.here,
      let elsewhere = inspection.elsewhere
    else { return }
    inspections[request] = nil
    let own = directory.here ?? cluster.here
    let others = directory.listing.map(\.node).filter { $0 != own }.sorted()
    reply(
      request,
      .places(
        [PlaceReport(node: description.node, identity: here)]
          + others.map { PlaceReport(node: nodeName($0), identity: elsewhere[$0]) }))
  }

  /// Another node's agent wants to know what lies at a path of this node.
  mutating func asked(_ question: QuestionID, path: String) {
    effects.append(.survey(.question(question), [.anything(at: path)], nil))
  }

  mutating func surveyed(_ question: QuestionID, _ survey: Survey) {
    effects.append(.show(question, identity(survey)))
  }

  private func identity(_ survey: Survey) -> PathIdentity {
    survey.identifications.first.map { PathIdentity($0.result) } ?? .absent
  }
}

extension Resource {
  /// Whatever a path leads to, as a person names it.
  static func anything(at path: String) -> Resource {
    Resource(kind: .file, device: "path", source: .file(path), access: .exclusiveWrite)
  }
}
