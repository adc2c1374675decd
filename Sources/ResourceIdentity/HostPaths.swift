/// Where a node shows what it knows of its storage; other than the defaults only in tests.
public struct HostPaths: Hashable, Sendable {
  /// sysfs(5).
  public var sysfs = "/sys"
  /// proc(5): the mount table and the NFS client's volumes.
  public var proc = "/proc"
  /// Where the device nodes are.
  public var devices = "/dev"
  /// libvirt's pools that are active (`stateDir` of its storage driver).
  public var activePools = "/run/libvirt/storage"
  /// libvirt's pools that are defined (`configDir` of its storage driver).
  public var definedPools = "/etc/libvirt/storage"

  /// Where they are on every system that runs libvirt as root.
  public init() {}
}
