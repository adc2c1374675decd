import LockModel

@testable import LockEngines

/// A lockspace whose kernel does what a test says: each submission is recorded, and answered by the
/// number or error that the test has put there.
final class ScriptedDevice: LockDevice {
  enum Submission: Equatable {
    case request(String, LockMode)
    case convert(KernelNumber, LockMode, block: LockValue?)
    case cancel(KernelNumber)
    case unlock(KernelNumber)
    case adopt(String, LockMode)
  }

  let name = "scripted"
  /// In order, with the id that each carried; 0 for adoptions, which carry none.
  private(set) var submissions: [(what: Submission, operation: OperationID)] = []
  /// What the next new locks are numbered.
  var numbers: [KernelNumber] = []
  /// What the kernel says of the next submissions; they are taken where there is nothing.
  var errors: [Int32] = []
  var news: [LockNews] = []
  var isStopped = false
  /// The table in debugfs; nil if it cannot be read.
  var entries: [KernelTable.Entry]?

  var last: Submission? { submissions.last?.what }
  var lastOperation: OperationID { submissions.last?.operation ?? OperationID(rawValue: 0) }

  private func submit(_ what: Submission, _ operation: OperationID) throws(SubmissionError) {
    submissions.append((what, operation))
    guard !errors.isEmpty else { return }
    let error = errors.removeFirst()
    if error != 0 { throw SubmissionError(errno: error) }
  }

  private func number() -> KernelNumber { numbers.isEmpty ? 1 : numbers.removeFirst() }

  func request(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, block: LockValue,
    _ operation: OperationID
  ) throws(SubmissionError) -> KernelNumber {
    try submit(.request(resource.description, mode), operation)
    return number()
  }

  func convert(
    _ number: KernelNumber, to mode: LockMode, _ options: LockOptions, block: LockValue?,
    _ operation: OperationID
  ) throws(SubmissionError) {
    try submit(.convert(number, mode, block: block), operation)
  }

  func cancel(_ number: KernelNumber, _ operation: OperationID) throws(SubmissionError) {
    try submit(.cancel(number), operation)
  }

  func unlock(_ number: KernelNumber, _ operation: OperationID) throws(SubmissionError) {
    try submit(.unlock(number), operation)
  }

  func adopt(_ resource: ResourceName, _ mode: LockMode) throws(SubmissionError) -> KernelNumber {
    try submit(.adopt(resource.description, mode), OperationID(rawValue: 0))
    return number()
  }

  func nextNews() -> LockNews? { news.isEmpty ? nil : news.removeFirst() }

  func table() -> KernelTable? { entries.map(KernelTable.init(entries:)) }
}
