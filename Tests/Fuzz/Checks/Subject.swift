/// What is fuzzed: the readers of bytes that may come from anybody.
public enum Subject: String, CaseIterable, Sendable {
  /// libvirt's domain XML, as the hook reads it.
  case domainXML = "DomainXML"
  /// Lines on the agent's socket, as either end reads them.
  case messages = "Messages"
  /// dlmguard.conf, as the agent and the hook read it.
  case configuration = "Configuration"

  /// Has one input read, whatever it is. Any thread; keeps nothing.
  ///
  /// - Throws: ``BrokenPromise`` where what was read, or what was said about it, is not as promised.
  public func check(_ input: [UInt8]) throws(BrokenPromise) {
    switch self {
    case .domainXML: try checkDomainXML(input)
    case .messages: try checkMessages(input)
    case .configuration: try checkConfiguration(input)
    }
  }

  /// The same for libFuzzer, which takes the end of the process for a finding.
  ///
  /// - Returns: 0, as `LLVMFuzzerTestOneInput` has to.
  public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do throws(BrokenPromise) {
      try check(Array(UnsafeBufferPointer(start: start, count: count)))
      return 0
    } catch {
      fatalError("\(error)")
    }
  }
}
