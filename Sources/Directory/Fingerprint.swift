/// FNV-1a of 64 bits (Fowler, Noll, Vo): two things that differ are to be told apart, nobody is to be kept out.
struct Fingerprint {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func take(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }
}
