import LockModel

/// What a message is, in its datagrams. A number is never used for anything else.
enum MessageKind: UInt8 {
  case snapshotBegin = 1
  case snapshotEnd = 2
  case ownerSet = 3
  case ownerGone = 4
  case profile = 5
  case question = 6
  case answer = 7
  case look = 8
  case sight = 9
}

extension DirectoryMessage {
  var kind: MessageKind {
    switch self {
    case .snapshotBegin: .snapshotBegin
    case .snapshotEnd: .snapshotEnd
    case .ownerSet: .ownerSet
    case .ownerGone: .ownerGone
    case .profile: .profile
    case .question: .question
    case .answer: .answer
    case .look: .look
    case .sight: .sight
    }
  }

  var body: [UInt8] {
    var writer = ByteWriter()
    switch self {
    case .snapshotBegin(let profile), .profile(let profile): writer.profile(profile)
    case .snapshotEnd: break
    case .ownerSet(let entry): writer.entry(entry)
    case .ownerGone(let owner): writer.owner(owner)
    case .question(let number, let question, let domain):
      writer.number(number)
      writer.byte(question.rawValue)
      writer.raw(domain.bytes)
    case .answer(let number, let node, let answer):
      writer.number(number)
      writer.number(UInt64(node.number))
      writer.answer(answer)
    case .look(let number, let path):
      writer.number(number)
      writer.text(path)
    case .sight(let number, let node, let identity):
      writer.number(number)
      writer.number(UInt64(node.number))
      writer.identity(identity)
    }
    return writer.bytes
  }

  /// Nil for a kind that this version does not know, and for a body that is none of its kind.
  init?(kind: UInt8, body: [UInt8]) {
    var reader = ByteReader(body)
    switch MessageKind(rawValue: kind) {
    case .snapshotBegin:
      guard let profile = reader.profile() else { return nil }
      self = .snapshotBegin(profile)
    case .snapshotEnd: self = .snapshotEnd
    case .ownerSet:
      guard let entry = reader.entry() else { return nil }
      self = .ownerSet(entry)
    case .ownerGone:
      guard let owner = reader.owner() else { return nil }
      self = .ownerGone(owner)
    case .profile:
      guard let profile = reader.profile() else { return nil }
      self = .profile(profile)
    case .question:
      guard let number = reader.number(),
        let question = reader.byte().flatMap(HandoverQuestion.init), let domain = reader.uuid()
      else { return nil }
      self = .question(number: number, question, domain)
    case .look:
      guard let number = reader.number(), let path = reader.text() else { return nil }
      self = .look(number: number, path: path)
    case .sight:
      guard let number = reader.number(), let node = reader.node(),
        let identity = reader.identity()
      else { return nil }
      self = .sight(number: number, to: node, identity)
    case .answer:
      guard let number = reader.number(), let node = reader.node(), let answer = reader.answer()
      else { return nil }
      self = .answer(number: number, to: node, answer)
    case nil: return nil
    }
  }
}

private enum AnswerKind: UInt8 {
  case none = 0
  case leaving = 1
  case staying = 2
  case standing = 3
  case waiting = 4
}

private enum IdentityKind: UInt8 {
  case absent = 0
  case named = 1
  case failed = 2
}

extension ByteWriter {
  fileprivate mutating func identity(_ identity: PathIdentity) {
    switch identity {
    case .absent: byte(IdentityKind.absent.rawValue)
    case .named(let names):
      byte(IdentityKind.named.rawValue)
      number(UInt64(names.count))
      for name in names { text(name.description) }
    case .failed(let reason):
      byte(IdentityKind.failed.rawValue)
      text(reason)
    }
  }

  fileprivate mutating func answer(_ answer: HandoverAnswer) {
    switch answer {
    case .none: byte(AnswerKind.none.rawValue)
    case .leaving(let attached):
      byte(AnswerKind.leaving.rawValue)
      claims(attached)
    case .staying: byte(AnswerKind.staying.rawValue)
    case .standing: byte(AnswerKind.standing.rawValue)
    case .waiting: byte(AnswerKind.waiting.rawValue)
    }
  }

  fileprivate mutating func profile(_ profile: AgentProfile) {
    text(profile.node.description)
    text(profile.version)
    let settings = profile.settings.fingerprints.sorted { $0.key < $1.key }
    number(UInt64(settings.count))
    for (group, fingerprint) in settings {
      element { element in
        element.byte(group.rawValue)
        element.number(fingerprint)
      }
    }
  }
}

extension ByteReader {
  fileprivate mutating func node() -> NodeID? {
    number().flatMap { UInt32(exactly: $0) }.flatMap { NodeID($0) }
  }

  fileprivate mutating func identity() -> PathIdentity? {
    switch byte().flatMap(IdentityKind.init) {
    case .absent: return .absent
    case .named:
      guard let count = number() else { return nil }
      var names: [ResourceName] = []
      for _ in 0..<count {
        guard let name = text().flatMap({ try? ResourceName($0) }) else { return nil }
        names.append(name)
      }
      return names.isEmpty ? nil : .named(names)
    case .failed: return text().map { .failed($0) }
    case nil: return nil
    }
  }

  fileprivate mutating func answer() -> HandoverAnswer? {
    switch byte().flatMap(AnswerKind.init) {
    case AnswerKind.none?: HandoverAnswer.none
    case .leaving: claims().map { .leaving(attached: $0) }
    case .staying: .staying
    case .standing: .standing
    case .waiting: .waiting
    case nil: nil
    }
  }

  fileprivate mutating func profile() -> AgentProfile? {
    guard let node = text(), let version = text(), let count = number() else { return nil }
    var fingerprints: [SettingsGroup: UInt64] = [:]
    for _ in 0..<count {
      guard var element = element(), let group = element.byte(),
        let fingerprint = element.number()
      else { return nil }
      // A group that only a newer version knows.
      if let group = SettingsGroup(rawValue: group) { fingerprints[group] = fingerprint }
    }
    return AgentProfile(
      node: NodeName(node), version: version, settings: SettingsDigest(fingerprints: fingerprints))
  }
}
