import DomainXML
import Foundation

/// A file of `Fixtures`.
func fixture(_ name: String) throws -> [UInt8] {
  let folder = Bundle.module.bundleURL.appending(path: "Fixtures")
  return Array(try Data(contentsOf: folder.appending(path: name)))
}

/// A small domain around some devices.
func domain(_ inner: String = "", name: String = "vm-1") throws -> DomainDescription {
  try DomainDescription(xml: Array(document(inner, name: name).utf8))
}

func document(_ inner: String = "", name: String = "vm-1") -> String {
  "<domain><name>\(name)</name><uuid>83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7</uuid>\(inner)</domain>"
}
