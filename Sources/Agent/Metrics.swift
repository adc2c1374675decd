import AgentAPI
import GuardCore
import LockModel

/// What has been counted and measured since the agent started: learned from what the core is told and
/// what it causes, and from nothing else.
struct Metrics {
  /// Upper bounds of the latency's buckets, in s.
  static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

  private var audits: [AuditLine.Kind: Int] = [:]
  private var refusals: [Refusal.Code: Int] = [:]
  /// When the engine was asked for an owner's claims, in ms (CLOCK_MONOTONIC).
  private var asked: [OwnerID: Int64] = [:]
  private var latencies = [Int](repeating: 0, count: Metrics.bounds.count + 1)
  private var latencySum = 0.0
  private var isReady = false
  private var isImpeded = false
  private var isIsolated = false
  private var suspendedSince: Int64?
  /// In ms, without the present one.
  private var suspended: Int64 = 0
  /// Since when the other nodes' agents are not heard; nil while they are.
  private var deafSince: Int64?

  /// - Parameter uptime: when the agent started, in ms (CLOCK_MONOTONIC).
  init(at uptime: Int64) {
    deafSince = uptime
  }

  /// - Parameter uptime: now, in ms (CLOCK_MONOTONIC).
  mutating func note(_ event: Event, at uptime: Int64) {
    switch event {
    case .directory(.view): deafSince = nil
    case .directory(.severed): deafSince = deafSince ?? uptime
    case .acquired(let owner, _): answered(owner, at: uptime)
    default: break
    }
  }

  private mutating func answered(_ owner: OwnerID, at uptime: Int64) {
    guard let began = asked.removeValue(forKey: owner) else { return }
    let seconds = Double(uptime - began) / 1000
    latencies[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    latencySum += seconds
  }

  /// - Parameter uptime: now, in ms (CLOCK_MONOTONIC).
  mutating func note(_ effect: Effect, at uptime: Int64) {
    switch effect {
    case .open: isReady = true
    case .acquire(let owner, _): asked[owner] = uptime
    case .release(let owner): asked[owner] = nil
    case .reply(_, .refused(let refusal)): refusals[refusal.code, default: 0] += 1
    case .audit(let line):
      audits[line.kind, default: 0] += 1
      note(line.kind, at: uptime)
    default: break
    }
  }

  private mutating func note(_ kind: AuditLine.Kind, at uptime: Int64) {
    switch kind {
    case .unready: isReady = false
    case .ready: isReady = true
    case .impeded: isImpeded = true
    case .unimpeded: isImpeded = false
    case .isolated: isIsolated = true
    case .rejoined: isIsolated = false
    case .suspended: suspendedSince = suspendedSince ?? uptime
    case .resumed:
      suspended += suspendedSince.map { uptime - $0 } ?? 0
      suspendedSince = nil
    default: break
    }
  }

  /// All of it, and what is so now, each family in a stable order.
  ///
  /// - Parameter uptime: now, in ms (CLOCK_MONOTONIC).
  func families(_ status: StatusReport, at uptime: Int64) -> [MetricFamily] {
    let started = Double(status.started.milliseconds) / 1000
    return [
      MetricFamily(
        "dlmguard_info", "The agent, by its version, node and engine.", .gauge,
        [
          .init(
            [
              .init("version", status.version), .init("node", "\(status.node)"),
              .init("engine", status.engine), .init("lockspace", status.lockspace ?? ""),
            ], 1)
        ]),
      gauge("dlmguard_start_time_seconds", "When the agent started, after 1970.", started),
      flag("dlmguard_ready", "Whether the engine is open and starts can be granted.", isReady),
      flag("dlmguard_impeded", "Whether nothing new may be locked now.", isImpeded),
      flag(
        "dlmguard_suspended", "Whether the locks cannot be trusted now.", suspendedSince != nil),
      flag("dlmguard_isolated", "Whether the cluster may take this node for failed.", isIsolated),
      gauge("dlmguard_alarms", "What an operator should look at.", Double(status.alarms.count)),
      owners(status), claims(status),
      gauge(
        "dlmguard_unguarded_domains", "Domains with something that cannot be locked.",
        Double(status.owners.count { !$0.unguarded.isEmpty })),
      counted(
        "dlmguard_suspended_seconds_total", "How long the locks could not be trusted.",
        Double(suspended + (suspendedSince.map { uptime - $0 } ?? 0)) / 1000),
      MetricFamily(
        "dlmguard_refusals_total", "Requests that were refused, by the code of the refusal.",
        .counter,
        Refusal.Code.allCases.map {
          .init([.init("code", $0.rawValue)], Double(refusals[$0] ?? 0))
        }),
      MetricFamily(
        "dlmguard_audit_total", "Lines of the audit log, by what the guard did.", .counter,
        AuditLine.Kind.allCases.map {
          .init([.init("kind", $0.rawValue)], Double(audits[$0] ?? 0))
        }),
      counted(
        "dlmguard_lost_total", "How often locks were lost.", Double(audits[.lost] ?? 0)),
      counted("dlmguard_kills_total", "Guests that were killed.", Double(audits[.killed] ?? 0)),
      handovers, latency,
      gauge(
        "dlmguard_directory_age_seconds",
        "Since when the other nodes' agents are not heard; 0 while they are.",
        status.lockspace == nil ? 0 : Double(deafSince.map { uptime - $0 } ?? 0) / 1000),
    ]
  }

  /// One that succeeds is counted as `outgoing` here, as `incoming` and then `arrived` there.
  private var handovers: MetricFamily {
    MetricFamily(
      "dlmguard_handovers_total", "Guests that moved between nodes, by how far they came.",
      .counter,
      [AuditLine.Kind.incoming, .arrived, .outgoing, .stayed].map {
        .init([.init("step", $0.rawValue)], Double(audits[$0] ?? 0))
      })
  }

  private func owners(_ status: StatusReport) -> MetricFamily {
    let counts = Dictionary(grouping: status.owners, by: \.phase).mapValues(\.count)
    return MetricFamily(
      "dlmguard_owners", "Owners of locks, by their phase.", .gauge,
      counts.sorted { $0.key < $1.key }.map {
        .init([.init("phase", $0.key)], Double($0.value))
      })
  }

  /// The kind is what a resource's name begins with.
  private func claims(_ status: StatusReport) -> MetricFamily {
    var counts: [[String]: Int] = [:]
    for claim in status.owners.flatMap(\.claims) {
      let kind = claim.resource.description.prefix { $0 != ":" }
      counts[["\(claim.mode)", String(kind)], default: 0] += 1
    }
    return MetricFamily(
      "dlmguard_claims", "Locks that are held or asked for, by mode and kind.", .gauge,
      counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
        .init([.init("mode", $0.key[0]), .init("kind", $0.key[1])], Double($0.value))
      })
  }

  private var latency: MetricFamily {
    var samples: [MetricFamily.Sample] = []
    var below = 0
    for (index, count) in latencies.enumerated() {
      below += count
      let bound = index < Self.bounds.count ? "\(Self.bounds[index])" : "+Inf"
      samples.append(.init(suffix: "_bucket", [.init("le", bound)], Double(below)))
    }
    samples.append(.init(suffix: "_sum", [], latencySum))
    samples.append(.init(suffix: "_count", [], Double(below)))
    return MetricFamily(
      "dlmguard_acquire_seconds", "How long the engine took over a request for locks.",
      .histogram, samples)
  }

  private func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
    MetricFamily(name, help, .gauge, [.init([], value)])
  }

  private func flag(_ name: String, _ help: String, _ isSo: Bool) -> MetricFamily {
    gauge(name, help, isSo ? 1 : 0)
  }

  private func counted(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
    MetricFamily(name, help, .counter, [.init([], value)])
  }
}
