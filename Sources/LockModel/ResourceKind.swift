/// What kind of thing of a domain a resource is. The raw values are the words of `[resources]` in
/// dlmguard.conf, where each kind is switched on or off.
public enum ResourceKind: String, CaseIterable, Hashable, Sendable {
  /// A disk's image file, on whatever filesystem.
  case file
  /// A disk that is a block device of the node.
  case block
  /// A directory that QEMU shows as a FAT disk.
  case directory = "dir"
  /// A disk that QEMU reaches over the network by itself.
  case network
  /// A disk that is a volume of a libvirt storage pool.
  case volume
  /// A disk that is an NVMe namespace of a device that QEMU drives itself.
  case nvme
  /// A disk that another process of the node serves over a vhost-user socket.
  case vhostUser = "vhostuser"
  /// A disk that a vDPA device serves.
  case vhostVDPA = "vhostvdpa"
  /// What lies below the top of a disk's chain, of whatever type.
  case backing
  /// A libvirt `<lease>`.
  case lease
  /// A firmware's variables, in whatever form.
  case firmwareVariables = "nvram"
  /// A firmware that the guest may write.
  case loader
  /// The state of an emulated TPM, or a TPM of the node.
  case tpm
  /// Memory that is a file and outlives the domain (nvdimm, virtio-pmem), and a crash record.
  case memory
  /// A SCSI disk of the node that is passed through.
  case scsi
  /// A SCSI disk on the network that is passed through.
  case iscsi
  /// A vhost-scsi target.
  case scsiHost = "scsi_host"
  /// A mediated device.
  case mediatedDevice = "mdev"
  /// A PCI device.
  case pci
  /// A directory or volume of the node that a guest mounts.
  case filesystem
  /// Memory shared with other programs.
  case sharedMemory = "shmem"
  /// What the domain's metadata names in dlmguard's own namespace.
  case extra
}
