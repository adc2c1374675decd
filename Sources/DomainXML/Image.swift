import LockModel

/// Where one image lies: what the `type` and `<source>` of a `<disk>`, `<backingStore>`, `<mirror>`,
/// `<dataStore>` or `<nvram>` say (libvirt's `virDomainStorageSourceParse`).
///
/// A `<slice>` of an image is taken for the whole of it. That is over-strict where domains share a
/// device by slices, but who writes past a slice's end is decided by QEMU's arithmetic alone, and
/// two slices that overlap look like any others.
enum Image {
  case lockable(ResourceSource)
  /// QEMU is handed open descriptors; libvirt calls them by this path, which need not be theirs.
  case passed(ResourceSource, group: String)
  /// What this version cannot lock, in words.
  case other(String)

  /// Nil for an empty drive, and for the `<backingStore/>` that ends a chain.
  init?(_ layer: Element) {
    self.init(type: layer["type"], source: layer.child("source"))
  }

  /// The same where the element that tells the place has another name than `<source>`.
  init?(type: String?, source: Element?) {
    let image: Image? =
      // libvirt reads an image without a type as a file.
      switch type ?? "file" {
      case "file": source.flatMap { Self.file($0) }
      case "block": source?["dev"].map { .lockable(.block($0)) }
      case "dir": source?["dir"].map { .lockable(.directory($0)) }
      case "network": source.map { Self.network($0) }
      case "volume": source.flatMap { Self.volume($0) }
      case "nvme": source.map { Self.nvme($0) }
      case "vhostuser":
        source.map { source in
          source["path"].map { .lockable(.socket($0)) } ?? .other("vhost-user disk without a path")
        }
      case "vhostvdpa":
        source.map { source in
          source["dev"].map { .lockable(.device($0)) } ?? .other("vhost-vDPA disk without a device")
        }
      case let type: .other("disk of the unknown type \(plain(type))")
      }
    guard let image else { return nil }
    self = image
  }

  private static func file(_ source: Element) -> Image? {
    switch (source["file"], source["fdgroup"]) {
    case (nil, nil): nil
    case (let path?, nil): .lockable(.file(path))
    case (let path?, let group?): .passed(.file(path), group: group)
    case (nil, let group?): .other("file passed as open descriptors (group \(plain(group)))")
    }
  }

  private static func network(_ source: Element) -> Image {
    NetworkImage(source).map { .lockable(.network($0)) }
      ?? .other("network disk (\(source.networkName))")
  }

  private static func volume(_ source: Element) -> Image? {
    switch (source["pool"], source["volume"]) {
    case (nil, nil): nil
    case (let pool?, let volume?): .lockable(.volume(pool: pool, volume: volume))
    default:
      .other("storage pool volume (\(source.shown("pool")) / \(source.shown("volume")))")
    }
  }

  private static func nvme(_ source: Element) -> Image {
    let address = source.child("address")
    guard source["type"] == "pci", let device = address.flatMap({ PCIAddress($0) }),
      let namespace = source["namespace"].flatMap({ UInt32($0) })
    else {
      let place = address?.shownPCIAddress ?? "unknown address"
      return .other("NVMe disk (\(place), namespace \(source.shown("namespace")))")
    }
    return .lockable(.nvme(device, namespace: namespace))
  }
}
