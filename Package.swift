// swift-tools-version: 6.2
import PackageDescription

// DLMGUARD_STRICT=1 (set by CI) turns every warning into an error; a user's newer compiler, which
// may know more warnings than ours did, still builds.
let strict = Context.environment["DLMGUARD_STRICT"] != nil

let swift: [SwiftSetting] =
  [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")]
  + (strict ? [.treatAllWarnings(as: .error)] : [])

// DLMGUARD_FUZZ=1 (set by Tests/Fuzz/run) adds the fuzzers: without libFuzzer they have no main.
let fuzzers: [Target] =
  Context.environment["DLMGUARD_FUZZ"] == nil
  ? []
  : ["DomainXML", "Messages", "Configuration"].map { name in
    .executableTarget(
      name: "fuzz-\(name)", dependencies: ["FuzzChecks"], path: "Tests/Fuzz/\(name)",
      exclude: ["dictionary"], swiftSettings: swift)
  }

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
  name: "dlmguard",
  products: [
    .executable(name: "dlmguardd", targets: ["dlmguardd"]),
    .executable(name: "dlmguard", targets: ["dlmguard"]),
    .executable(name: "qemu-hook", targets: ["qemu-hook"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
  ],
  targets: [
    // The world in C: headers only, and the system calls that Swift's Glibc module cannot express.
    .systemLibrary(
      name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    // No pkg-config: corosync's asks for -pthread, which SwiftPM forbids, and that of dlm names a wrong
    // directory.
    .systemLibrary(
      name: "CCorosync", providers: [.apt(["libcpg-dev", "libquorum-dev", "libcmap-dev"])]),
    .systemLibrary(name: "CLibDLM", providers: [.apt(["libdlm-dev"])]),
    .target(name: "CLinux"),
    .target(name: "CDeadline"),
    .target(name: "COlderGlibc"),

    // Pure values, and the adapters around the core; each imports only rooms above it.
    .target(name: "LockModel", swiftSettings: swift),
    .target(name: "DomainXML", dependencies: ["CLibXML2", "LockModel"], swiftSettings: swift),
    .target(
      name: "ResourceIdentity", dependencies: ["CLibXML2", "CLinux", "LockModel", crypto],
      swiftSettings: swift),
    .target(name: "AgentAPI", dependencies: ["CLinux", "LockModel"], swiftSettings: swift),
    .target(name: "Directory", dependencies: ["LockModel"], swiftSettings: swift),
    .target(
      name: "GuardCore", dependencies: ["AgentAPI", "Directory", "LockModel"], swiftSettings: swift),
    .target(
      name: "LockEngines", dependencies: ["CLibDLM", "CLinux", "LockModel"], swiftSettings: swift),
    .target(
      name: "HostWatch", dependencies: ["CLinux", "DomainXML", "LockModel"], swiftSettings: swift),
    .target(
      name: "Cluster",
      dependencies: ["CCorosync", "CLinux", "Directory", "LockModel"],
      swiftSettings: swift),
    .target(
      name: "Configuration",
      dependencies: [
        "CLinux", "LockModel", "ResourceIdentity", "AgentAPI", "Directory", "GuardCore", "TOMLKit",
      ],
      swiftSettings: swift),
    .target(
      name: "Agent",
      dependencies: [
        "CLinux", "LockModel", "ResourceIdentity", "AgentAPI", "Directory", "GuardCore",
        "Configuration", "LockEngines", "HostWatch", "Cluster", logging,
      ],
      swiftSettings: swift),

    // What people and libvirt run.
    .executableTarget(
      name: "dlmguardd", dependencies: ["Agent", "AgentAPI", "COlderGlibc", argumentParser],
      swiftSettings: swift),
    .executableTarget(
      name: "dlmguard",
      dependencies: [
        "CLinux", "COlderGlibc", "LockModel", "DomainXML", "ResourceIdentity", "AgentAPI",
        "GuardCore", "Configuration", "LockEngines", "HostWatch", "Cluster", argumentParser,
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "qemu-hook", dependencies: ["AgentAPI", "CDeadline", "DomainXML", "LockModel"],
      swiftSettings: swift),

    .testTarget(
      name: "DomainXMLTests", dependencies: ["DomainXML", "LockModel"],
      resources: [.copy("Fixtures")], swiftSettings: swift),
    .testTarget(
      name: "HookTests", dependencies: ["AgentAPI", "CLinux", "LockModel", "qemu-hook"],
      swiftSettings: swift),
    .testTarget(
      name: "ResourceIdentityTests", dependencies: ["CLinux", "LockModel", "ResourceIdentity"],
      swiftSettings: swift),
    .testTarget(
      name: "HostWatchTests", dependencies: ["CLinux", "DomainXML", "HostWatch", "LockModel"],
      swiftSettings: swift),
    .testTarget(
      name: "ClusterTests",
      dependencies: ["CLinux", "Cluster", "Directory", "LockModel"], swiftSettings: swift),
    .testTarget(
      name: "AgentTests",
      dependencies: [
        "Agent", "AgentAPI", "CLinux", "Cluster", "Configuration", "Directory", "GuardCore",
        "HostWatch", "LockEngines", "LockModel", "ResourceIdentity", logging,
      ],
      swiftSettings: swift),
    .testTarget(
      name: "ConfigurationTests",
      dependencies: [
        "AgentAPI", "Configuration", "Directory", "GuardCore", "LockModel", "ResourceIdentity",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "GuardCoreTests",
      dependencies: ["AgentAPI", "Directory", "GuardCore", "LockEngines", "LockModel"],
      swiftSettings: swift),
    .testTarget(
      name: "DirectoryTests", dependencies: ["Directory", "LockEngineConformance", "LockModel"],
      swiftSettings: swift),
    .testTarget(name: "LockModelTests", dependencies: ["LockModel"], swiftSettings: swift),
    .testTarget(
      name: "AgentAPITests", dependencies: ["AgentAPI", "LockModel"], swiftSettings: swift),
    .testTarget(
      name: "DlmguardTests",
      dependencies: [
        "dlmguard", "AgentAPI", "Cluster", "Configuration", "DomainXML", "GuardCore", "HostWatch",
        "LockModel", argumentParser,
      ],
      swiftSettings: swift),
    // A library, not a test: an engine that needs a cluster is checked there by a program.
    .target(
      name: "LockEngineConformance", dependencies: ["LockEngines", "LockModel"],
      path: "Tests/LockEngineConformance", swiftSettings: swift),
    // What a cluster's test ring and benchmarks run on its nodes.
    .executableTarget(
      name: "engine-lab",
      dependencies: [
        "CLinux", "LockEngineConformance", "LockEngines", "LockModel", argumentParser,
      ],
      path: "Tests/EngineLab", swiftSettings: swift),
    // What the corosync ring and the benchmarks run of the directory.
    .executableTarget(
      name: "directory-lab",
      dependencies: ["Agent", "CLinux", "Cluster", "Directory", "LockModel", argumentParser],
      path: "Tests/DirectoryLab", swiftSettings: swift),
    // What the benchmarks run to read domain XML.
    .executableTarget(
      name: "parse-lab",
      dependencies: ["DomainXML", "LockModel", "ResourceIdentity", argumentParser],
      path: "Tests/ParseLab", swiftSettings: swift),
    .testTarget(
      name: "LockEnginesTests",
      dependencies: ["LockEngineConformance", "LockEngines", "LockModel"],
      swiftSettings: swift),
    // Simulated clusters around the real core, a program that lets them live, and its tests.
    .target(
      name: "Simulation",
      dependencies: [
        "AgentAPI", "GuardCore", "LockEngineConformance", "LockEngines", "LockModel",
      ],
      path: "Tests/Simulation/World", swiftSettings: swift),
    .executableTarget(
      name: "sim-lab", dependencies: ["Simulation", argumentParser], path: "Tests/Simulation/Lab",
      swiftSettings: swift),
    .testTarget(
      name: "SimulationTests", dependencies: ["LockEngineConformance", "Simulation"],
      path: "Tests/Simulation/Tests", swiftSettings: swift),
    // What the fuzzers do with one input; their corpus is a test of its own.
    .target(
      name: "FuzzChecks",
      dependencies: ["AgentAPI", "Configuration", "DomainXML", "GuardCore", "LockModel"],
      path: "Tests/Fuzz/Checks", swiftSettings: swift),
    .testTarget(
      name: "FuzzCorpusTests", dependencies: ["FuzzChecks"], path: "Tests/Fuzz",
      exclude: ["README.md", "leaks", "run", "Checks", "DomainXML", "Messages", "Configuration"],
      sources: ["CorpusTests.swift"], resources: [.copy("corpus")], swiftSettings: swift),
  ] + fuzzers,
  swiftLanguageModes: [.v6]
)
