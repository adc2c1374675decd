import Dispatch
import Synchronization

/// Blocks until something that answers on another thread has answered.
func wait<Value: Sendable>(
  for begin: (@escaping @Sendable (Value) -> Void) -> Void
) -> Value {
  let box = Box<Value>()
  let isThere = DispatchSemaphore(value: 0)
  begin { value in
    box.set(value)
    isThere.signal()
  }
  while true {
    isThere.wait()
    if let value = box.value { return value }
  }
}

private final class Box<Value: Sendable>: Sendable {
  private let content = Mutex<Value?>(nil)

  func set(_ value: Value) {
    content.withLock { $0 = value }
  }

  var value: Value? { content.withLock { $0 } }
}

/// Calls back after that many ms.
@Sendable func pause(_ milliseconds: Int64, _ then: @escaping @Sendable () -> Void) {
  DispatchQueue.global().asyncAfter(
    deadline: .now() + .milliseconds(Int(milliseconds)), execute: then)
}

/// Of a clock that only goes forward.
func microseconds() -> Int64 {
  Int64(DispatchTime.now().uptimeNanoseconds / 1000)
}
