import LockModel

/// Most claims of an owner come in pairs, of a thing and of its parts, and for one part of the domain:
/// what the claim before has said is not said again.
struct ClaimFlags: OptionSet {
  let rawValue: UInt8

  static let isPart = ClaimFlags(rawValue: 1)
  /// Its resource is that of the claim before, with the ``ResourceName/parts`` mark.
  static let isOfPartsBefore = ClaimFlags(rawValue: 2)
  /// Its device and location are those of the claim before.
  static let isSamePlace = ClaimFlags(rawValue: 4)
}

extension ByteWriter {
  mutating func claims(_ claims: [Claim]) {
    number(UInt64(claims.count))
    var before: Claim?
    for claim in claims {
      element { $0.claim(claim, after: before) }
      before = claim
    }
  }

  private mutating func claim(_ claim: Claim, after before: Claim?) {
    var flags: ClaimFlags = claim.use == .part ? .isPart : []
    if let before, before.resource.parts == claim.resource { flags.insert(.isOfPartsBefore) }
    if let before, before.device == claim.device, before.location == claim.location {
      flags.insert(.isSamePlace)
    }
    byte(flags.rawValue)
    byte(claim.mode.rawValue | claim.purpose.rawValue << 4)
    if !flags.contains(.isOfPartsBefore) { text(claim.resource.description) }
    if !flags.contains(.isSamePlace) {
      text(claim.device)
      text(claim.location)
    }
  }
}

extension ByteReader {
  /// Nil where it is no list of claims; a claim in a mode that this version does not know is left out.
  mutating func claims() -> [Claim]? {
    guard let count = number() else { return nil }
    var claims: [Claim] = []
    var before: (resource: ResourceName, device: String, location: String)?
    for _ in 0..<count {
      guard var element = element(), let flags = element.byte().map(ClaimFlags.init),
        let modes = element.byte()
      else { return nil }
      let resource =
        flags.contains(.isOfPartsBefore)
        ? before?.resource.parts : element.text().flatMap { try? ResourceName($0) }
      guard let resource else { return nil }
      let place =
        flags.contains(.isSamePlace)
        ? before.map { ($0.device, $0.location) } : element.place()
      guard let (device, location) = place else { return nil }
      before = (resource, device, location)
      guard let mode = LockMode(rawValue: modes & 15), let purpose = LockMode(rawValue: modes >> 4)
      else { continue }
      claims.append(
        Claim(
          resource: resource, mode: mode, use: flags.contains(.isPart) ? .part : .whole,
          purpose: purpose, device: device, location: location))
    }
    return claims
  }

  private mutating func place() -> (String, String)? {
    guard let device = text(), let location = text() else { return nil }
    return (device, location)
  }

  /// Whether a list of claims names a resource; looks at nothing else, and makes nothing.
  mutating func claimsName(_ resource: ResourceName) -> Bool {
    let name = resource.description.utf8
    let whole = resource.isOfParts ? name.dropLast() : name[...]
    guard let count = number() else { return false }
    var isBefore = false
    for _ in 0..<count {
      guard var element = element(), let flags = element.byte().map(ClaimFlags.init),
        element.byte() != nil
      else { return false }
      if flags.contains(.isOfPartsBefore) {
        if isBefore, resource.isOfParts { return true }
        isBefore = false
      } else {
        guard let text = element.textBytes() else { return false }
        if text.elementsEqual(name) { return true }
        isBefore = text.elementsEqual(whole)
      }
    }
    return false
  }
}
