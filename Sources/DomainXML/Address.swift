import LockModel

extension PCIAddress {
  /// An `<address>` of the node. Nil for what libvirt would not take
  /// (`virPCIDeviceAddressParseXML`), and where there is none: 0000:00:00.0 is what it then reads.
  init?(_ address: Element) {
    guard let domain: UInt32 = address.number("domain"), let bus: UInt8 = address.number("bus"),
      let slot: UInt8 = address.number("slot"), slot < 32,
      let function: UInt8 = address.number("function"), function < 8,
      domain != 0 || bus != 0 || slot != 0 || function != 0
    else { return nil }
    self.init(domain: domain, bus: bus, slot: slot, function: function)
  }
}

extension Element {
  /// A number as libvirt reads it (`virXMLPropUInt` with base 0): hexadecimal after `0x`, octal after
  /// `0`. 0 where there is none; nil for anything else.
  func number<Number: FixedWidthInteger>(_ attribute: StaticString) -> Number? {
    guard let text = self[attribute] else { return 0 }
    if text.hasPrefix("0x") || text.hasPrefix("0X") { return Number(text.dropFirst(2), radix: 16) }
    return Number(text, radix: text.hasPrefix("0") ? 8 : 10)
  }

  /// An attribute fit for a message.
  func shown(_ attribute: StaticString) -> String {
    self[attribute].map(plain) ?? "?"
  }

  /// `0000:01:00.0` of an `<address>`, or what it says in place of that.
  var shownPCIAddress: String {
    PCIAddress(self).map { "\($0)" }
      ?? "\(shown("domain")):\(shown("bus")):\(shown("slot")).\(shown("function"))"
  }
}
