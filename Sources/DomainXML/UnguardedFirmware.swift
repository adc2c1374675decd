import LockModel

extension UnguardedResource {
  /// What a guest's firmware writes.
  static func firmware(of domain: Element) -> [UnguardedResource] {
    guard let os = domain.child("os") else { return [] }
    var found: [UnguardedResource] = []
    for loader in os.children("loader") where loader["readonly"] == "no" {
      found.append(
        UnguardedResource(
          device: "loader",
          description: "writable firmware (\(loader.text.map(plain) ?? "chosen by libvirt"))"))
    }
    for nvram in os.children("nvram") {
      found.append(
        UnguardedResource(device: "nvram", description: "firmware variables (\(place(of: nvram)))"))
    }
    for store in os.children("varstore") {
      found.append(
        UnguardedResource(
          device: "varstore",
          description: "firmware variables (\(store["path"].map(plain) ?? "chosen by libvirt"))"))
    }
    return found
  }

  /// libvirt writes a local file as the element's text, anything else like a disk's source.
  private static func place(of nvram: Element) -> String {
    switch Image(nvram) {
    case .lockable(let source): plain(source.location)
    case .other(let description): description
    case nil: nvram.trimmedText.map(plain) ?? "chosen by libvirt"
    }
  }
}
