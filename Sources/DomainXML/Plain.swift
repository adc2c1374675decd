import LockModel

/// Text of the document fit for a message: as it is where that is harmless, else quoted.
func plain(_ text: String) -> String {
  let harmless = text.utf8.allSatisfy { byte in
    (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
  }
  return harmless && text.utf8.count <= 300 ? text : "\(Quoted(text))"
}
