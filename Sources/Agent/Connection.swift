import AgentAPI
import CLinux
import Glibc

/// One client of the socket: requests are lines, one at a time; the next is not looked at before
/// the last was answered. Touched on the event loop's thread only.
struct Connection {
  /// What a client may do at this moment.
  enum State {
    /// A line is being read.
    case reading
    /// A request is with the core.
    case waiting
    /// The answer does not fit the socket's buffer yet.
    case writing
    /// Everything that it is told has gone out; it says no more, and its end is all that is of interest.
    case listening
  }

  /// How much may wait to be read by a client that listens, in bytes: minutes of a host in turmoil.
  static let backlog = 1 << 18

  let descriptor: Int32
  private(set) var state = State.reading
  private var input: [UInt8] = []
  private var output: ArraySlice<UInt8> = []
  /// The connection is closed once the answer is out.
  private var isLast = false
  /// Whether it is told what happens, until it hangs up or has too much to read.
  private(set) var isListening = false

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// Whether a line has been begun and not ended.
  var hasPartialLine: Bool { state == .reading && !input.isEmpty }

  /// What came of reading or writing.
  enum Outcome {
    case goOn
    case line([UInt8])
    case tooLong
    case finished
  }

  /// Takes what the client has sent, up to the end of a line.
  mutating func read() -> Outcome {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 {
        input += buffer[..<count]
        if let outcome = nextLine() { return outcome }
      } else if count < 0 && errno == EINTR {
        continue
      } else {
        // A client that has only said its last word still gets its answers: nothing is read before
        // the last one is out.
        return count < 0 && errno == EAGAIN ? .goOn : .finished
      }
    }
  }

  /// A line that is already here; nil where there is none.
  mutating func nextLine() -> Outcome? {
    guard let end = input.firstIndex(of: UInt8(ascii: "\n")) else {
      return input.count < Request.maximumLength ? nil : .tooLong
    }
    guard end < Request.maximumLength else { return .tooLong }
    let line = Array(input[..<end])
    input.removeSubrange(...end)
    state = .waiting
    return .line(line)
  }

  /// Sends an answer; `isLast` where the client will get no other.
  mutating func send(_ reply: Reply, isLast: Bool = false) -> Outcome {
    output = (reply.json.bytes + [UInt8(ascii: "\n")])[...]
    self.isLast = isLast
    return write()
  }

  /// Sends an answer, after which the client only listens.
  mutating func beginListening(_ reply: Reply) -> Outcome {
    isListening = true
    return send(reply)
  }

  /// Sends a line to a client that listens; with too much waiting, the last one.
  mutating func tell(_ line: [UInt8], orAtLast notice: @autoclosure () -> [UInt8]) -> Outcome {
    guard isListening else { return .goOn }
    if output.count + line.count > Self.backlog {
      output += notice()
      isListening = false
      isLast = true
    } else {
      output += line
    }
    return state == .writing ? .goOn : write()
  }

  /// Goes on sending.
  mutating func write() -> Outcome {
    while !output.isEmpty {
      let chunk = Array(output.prefix(65_536))
      let sent = dlmguard_send(descriptor, chunk, chunk.count)
      if sent == -Int(EINTR) { continue }
      if sent == -Int(EAGAIN) {
        state = .writing
        return .goOn
      }
      guard sent > 0 else { return .finished }
      output = output.dropFirst(sent)
    }
    if isListening {
      state = .listening
      return .goOn
    }
    state = .reading
    return isLast ? .finished : nextLine() ?? .goOn
  }
}
