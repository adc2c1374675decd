import AgentAPI
import ArgumentParser
import CLinux
import Glibc
import LockModel

/// In which mode an administrator wants something locked.
enum WantedMode: EnumerableFlag {
  case exclusive, shared, read

  var access: Access {
    switch self {
    case .exclusive: .exclusive
    case .shared: .sharedWrite
    // Whatever dlmguard.conf says of guests that only read.
    case .read: .backing
    }
  }

  static func help(for value: WantedMode) -> ArgumentHelp? {
    switch value {
    case .exclusive: "Keep everybody else out (EX; the default)."
    case .shared: "Write beside others who share it (CW)."
    case .read: "Read, and keep writers out (PR)."
    }
  }
}

/// What a person names to be locked: by a path of this node, or by its name in the cluster.
struct WantedResource {
  let source: ResourceSource
  let kind: ResourceKind

  /// A name has a colon and begins with neither / nor .; everything else is a path. Nil for a relative one
  /// where there is no directory to start from.
  init?(_ text: String, in directory: String?) {
    if !text.hasPrefix("/"), !text.hasPrefix("."), text.contains(":"),
      let name = try? ResourceName(text)
    {
      (source, kind) = (.resource(name), .extra)
      return
    }
    guard let path = AbsolutePath.of(text, in: directory) else { return nil }
    var file = dlmguard_file()
    let mode = dlmguard_stat(path, &file) == 0 ? file.mode & S_IFMT : S_IFREG
    switch mode {
    case S_IFBLK: (source, kind) = (.block(path), .block)
    case S_IFDIR: (source, kind) = (.directory(path), .directory)
    default: (source, kind) = (.file(path), .file)
    }
  }

  func resource(_ mode: WantedMode) -> Resource {
    Resource(
      kind: kind, device: kind == .extra ? "resource" : "path", source: source, access: mode.access)
  }
}

extension CommonOptions {
  /// - Throws: an `ExitCode`, once the person has been told what cannot be meant.
  func resources(_ texts: [String], _ mode: WantedMode) throws -> [Resource] {
    let directory = AbsolutePath.workingDirectory
    return try texts.map { text in
      guard let wanted = WantedResource(text, in: directory) else {
        throw quit(
          .no, "the working directory is gone: give the path of \(Quoted(text)) from / on")
      }
      return wanted.resource(mode)
    }
  }
}
