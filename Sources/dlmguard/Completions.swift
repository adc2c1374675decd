import AgentAPI
import ArgumentParser
import Glibc

extension CompletionKind {
  /// The domains that hold something on this node, asked of the agent while a person types.
  static var domains: CompletionKind {
    .custom { _, _, prefix in
      let path =
        getenv("DLMGUARD_SOCKET").map { String(cString: $0) } ?? AgentClient.defaultPath
      guard case .status(let status)? = try? AgentClient(path: path).ask(.status) else { return [] }
      // What a shell would take apart is not offered.
      return status.owners.map(\.name).filter { name in
        name.hasPrefix(prefix)
          && name.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || "0123456789-_.+@:".unicodeScalars.contains($0)
          }
      }
    }
  }
}
