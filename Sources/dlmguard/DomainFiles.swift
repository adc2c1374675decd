import CLinux
import DomainXML
import Glibc
import LockModel

/// A domain, and the file that tells of it.
struct DomainSource {
  let path: String
  let description: DomainDescription

  /// Why a domain cannot be told of, for a person.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }
}

/// Where libvirt keeps what it knows of its domains, so that it need not be asked.
struct DomainFiles {
  /// What runs, as it runs: `NAME.xml`, a `<domstatus>` around the `<domain>`.
  let runDirectory: String
  /// What is defined.
  var definitions = "/etc/libvirt/qemu"

  /// The domain of a file, or of this node: by its name, or by its UUID.
  func find(_ domain: String) throws(DomainSource.Failure) -> DomainSource {
    if isFile(domain) { return try read(domain) }
    var failure: DomainSource.Failure?
    for path in candidates(domain) where isFile(path) {
      do throws(DomainSource.Failure) {
        return try read(path)
      } catch {
        failure = failure ?? error
      }
    }
    if let uuid = DomainUUID(domain), let source = find(uuid) { return source }
    throw failure
      ?? DomainSource.Failure(
        description:
          "\(Quoted(domain)) is no file, and no domain of this node: libvirt has none in "
          + "\(runDirectory) or \(definitions)")
  }

  /// libvirt allows no slash in a name (`virXMLCheckIllegalChars`).
  private func candidates(_ name: String) -> [String] {
    name.contains("/") ? [] : [runDirectory, definitions].map { "\($0)/\(name).xml" }
  }

  /// What cannot be read is not what was looked for.
  private func find(_ uuid: DomainUUID) -> DomainSource? {
    for directory in [runDirectory, definitions] {
      for name in names(in: directory) where name.hasSuffix(".xml") {
        if let source = try? read("\(directory)/\(name)"), source.description.uuid == uuid {
          return source
        }
      }
    }
    return nil
  }

  private func isFile(_ path: String) -> Bool {
    var file = dlmguard_file()
    return dlmguard_stat(path, &file) == 0 && file.mode & S_IFMT != S_IFDIR
  }

  private func read(_ path: String) throws(DomainSource.Failure) -> DomainSource {
    // One more than is taken, so that the reader sees that it is too long.
    var bytes = [UInt8](repeating: 0, count: DomainDescription.maximumLength + 1)
    let count = dlmguard_read_file(path, &bytes, bytes.count)
    guard count >= 0 else {
      let reason = String(cString: dlmguard_error_text(Int32(clamping: -count)))
      throw DomainSource.Failure(description: "\(Quoted(path)) cannot be read: \(reason)")
    }
    do throws(DomainXMLError) {
      let description = try DomainDescription(xml: Array(bytes[..<count]))
      return DomainSource(path: path, description: description)
    } catch {
      throw DomainSource.Failure(description: "\(Quoted(path)) is no domain XML: \(error)")
    }
  }

  private func names(in directory: String) -> [String] {
    var names = [CChar](repeating: 0, count: 1 << 20)
    let count = dlmguard_list_directory(directory, &names, names.count)
    guard count > 0 else { return [] }
    return names[..<count].split(separator: 0)
      .map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) }.sorted()
  }
}
