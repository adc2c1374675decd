import LockModel

extension DomainDescription {
  /// The namespace of what an administrator adds to a domain's `<metadata>`.
  ///
  ///     <metadata>
  ///       <dlmguard:resources xmlns:dlmguard="urn:dlmguard:domain:1">
  ///         <dlmguard:resource name="licence-3" mode="exclusive-write"/>
  ///         <dlmguard:resource path="/srv/spool" mode="shared-write"/>
  ///       </dlmguard:resources>
  ///     </metadata>
  ///
  /// Each `resource` has either a `name`, which is the same on every node, or a `path` from the root,
  /// which is looked at like an image's. Its `mode` is an ``LockModel/Access``: `exclusive-write`,
  /// which is meant where it is missing, `shared-write` or `read-only`. Whoever writes such an entry
  /// counts on it, so anything else in this namespace refuses the document.
  public static let metadataNamespace: StaticString = "urn:dlmguard:domain:1"
}

extension Inventory {
  /// - Throws: ``DomainXMLError`` for anything in dlmguard's namespace that is not as it must be.
  mutating func add(metadataOf domain: Element) throws(DomainXMLError) {
    for element in domain.child("metadata")?.children ?? Children() where element.isOurs {
      guard element.isOurs("resources") else { throw element.unexpected(in: "metadata") }
      try element.allowOnly([])
      for entry in element.children {
        guard entry.isOurs("resource") else { throw entry.unexpected(in: "dlmguard:resources") }
        try add(entry: entry)
      }
    }
  }

  private mutating func add(entry: Element) throws(DomainXMLError) {
    try entry.allowOnly(["name", "path", "mode"])
    let source: ResourceSource
    switch (entry["name"], entry["path"]) {
    case (let name?, nil): source = .named(name)
    case (nil, let path?):
      guard path.hasPrefix("/") else {
        throw DomainXMLError(
          line: entry.line,
          "the path \(Quoted(path)) of a dlmguard:resource does not begin with /")
      }
      source = .file(path)
    case (nil, nil):
      throw DomainXMLError(
        line: entry.line, "a dlmguard:resource has neither a name nor a path: give it one")
    case (_?, _?):
      throw DomainXMLError(
        line: entry.line, "a dlmguard:resource has a name and a path: make it two entries")
    }
    lock(.extra, "resource \(plain(source.location))", source, try entry.declaredAccess())
  }
}

extension Element {
  fileprivate var isOurs: Bool { isIn(DomainDescription.metadataNamespace) }

  fileprivate func isOurs(_ name: StaticString) -> Bool {
    isNamed(name, namespace: DomainDescription.metadataNamespace)
  }

  fileprivate func unexpected(in parent: String) -> DomainXMLError {
    DomainXMLError(
      line: line, "<\(plain(name))> is nothing that dlmguard knows in <\(parent)>")
  }

  fileprivate func allowOnly(_ known: [String]) throws(DomainXMLError) {
    for attribute in attributeNames where !known.contains(attribute) {
      throw DomainXMLError(
        line: line,
        "dlmguard:\(plain(name)) has the attribute \(Quoted(attribute)), which dlmguard does not know"
      )
    }
  }

  fileprivate func declaredAccess() throws(DomainXMLError) -> Access {
    guard attributeNames.contains("mode") else { return .exclusiveWrite }
    switch self["mode"].flatMap({ Access(rawValue: $0) }) {
    case .exclusiveWrite: return .exclusiveWrite
    case .sharedWrite: return .sharedWrite
    case .readOnly: return .readOnly
    // A chain's own, and an administrator's: a domain declares neither.
    case .backing, .exclusive, nil:
      throw DomainXMLError(
        line: line,
        "the mode \(Quoted(self["mode"] ?? "")) of a dlmguard:resource is none of exclusive-write, "
          + "shared-write and read-only")
    }
  }
}
