import LockModel
import Testing

@testable import Directory

@Suite struct OutboxTests {
  func drain(_ outbox: inout Outbox) -> [DirectoryMessage?] {
    var reassembly = Reassembly()
    var messages: [DirectoryMessage?] = []
    while let datagram = outbox.next() {
      outbox.sent()
      if let heard = reassembly.take(datagram, from: node(2), agent: 20) {
        messages.append(heard.message)
      }
    }
    return messages
  }

  func needs(_ outbox: inout Outbox) -> [Bool] {
    let first = outbox.takeNeedOfSnapshot()
    return [first, outbox.takeNeedOfSnapshot()]
  }

  let question = DirectoryMessage.question(number: 1, .leaving, uuid(1))
  let set = DirectoryMessage.ownerSet(entry(owner(1)))
  let gone = DirectoryMessage.ownerGone(owner(1))
  let snapshot = [DirectoryMessage.snapshotBegin(profile), .snapshotEnd]

  @Test func messagesKeepTheirOrder() {
    var outbox = Outbox()
    outbox.add([set, CodecTests.long, question, gone])
    #expect(drain(&outbox) == [set, CodecTests.long, question, gone])
    #expect(outbox.isEmpty)
  }

  @Test func aDatagramStaysUntilItIsSent() {
    var outbox = Outbox()
    outbox.add([set])
    let datagram = outbox.next()
    let same = outbox.next()
    #expect(datagram == same && datagram != nil && !outbox.isEmpty)
  }

  @Test func aSnapshotSaysAgainWhatIsQueued() {
    var outbox = Outbox()
    outbox.add([set, question, gone] + snapshot + [set])
    #expect(drain(&outbox) == [question] + snapshot + [set])
  }

  /// What is sent in part is sent whole: half a message would only be thrown away.
  @Test func butNotWhatIsOnItsWay() {
    var outbox = Outbox()
    outbox.add([CodecTests.long])
    _ = outbox.next()
    outbox.add(snapshot)
    #expect(drain(&outbox) == [CodecTests.long] + snapshot)
  }

  @Test func whatIsTooMuchBecomesASnapshotLater() {
    var outbox = Outbox(limit: 3)
    outbox.add([question] + Array(repeating: set, count: 5) + [gone])
    #expect(needs(&outbox) == [false, false], "corosync takes nothing yet")
    #expect(drain(&outbox) == [question])
    #expect(needs(&outbox) == [true, false])
    outbox.add(snapshot + [set])
    #expect(drain(&outbox) == snapshot + [set])
  }

  @Test func aSnapshotIsNeverTooLong() {
    var outbox = Outbox(limit: 3)
    let long = [snapshot[0]] + Array(repeating: set, count: 10) + [snapshot[1]]
    outbox.add(long + [set, set, set])
    #expect(drain(&outbox) == long + [set, set, set])
    outbox.add(long + [set, set, set, set])
    #expect(drain(&outbox) == [])
    #expect(needs(&outbox) == [true, false])
  }

  @Test func questionsAreBoundedToo() {
    var outbox = Outbox(limit: 3)
    outbox.add(Array(repeating: question, count: 5))
    #expect(drain(&outbox).count == 3)
    outbox.add([question])
    #expect(drain(&outbox).count == 1)
  }
}
