public import SkyCore
public import SkyPlacement
public import SkyProviders
import SkySpec

/// A run's whole life as a value: the fold of its events.
///
/// `apply(_:)` is the only place where a run's life is decided. The effects that should be under way follow from the
/// state alone (`effects`), so a driver that starts from a folded journal wants exactly what the dead one was doing.
public struct RunState: Hashable, Sendable {
    public let launch: Launch
    public let launchedAt: Instant
    /// In the pipeline's order.
    public internal(set) var stages: [StageState]
    /// Set once: the run is being stopped, and why.
    public internal(set) var stopping: Stopping?
    /// When the last stage ended and the last node was given back.
    public internal(set) var endedAt: Instant?
    public internal(set) var driverStarts = 0

    /// Nil unless `first` is a launch.
    public init?(_ first: RecordedEvent) {
        guard case .launched(let launch) = first.event else { return nil }
        self.launch = launch
        launchedAt = first.at
        stages = launch.pipeline.stages.compactMap { stage in
            launch.plan.stage(named: stage.name).map {
                StageState(name: stage.name, planned: $0, zones: launch.zones[stage.name] ?? [])
            }
        }
        guard stages.count == launch.pipeline.stages.count else { return nil }
        startReadyStages(at: first.at)
    }

    /// Folds a journal; nil when it does not begin with a launch.
    public init?(folding events: some Sequence<RecordedEvent>) {
        var iterator = events.makeIterator()
        guard let first = iterator.next(), let state = RunState(first) else { return nil }
        self = state
        while let next = iterator.next() { _ = apply(next) }
    }

    public var run: RunID { launch.run }

    public func stage(named name: String) -> StageState? { stages.first { $0.name == name } }

    func spec(_ name: String) -> Stage? { launch.pipeline.stage(named: name) }

    public enum Stopping: Hashable, Sendable {
        case requested(StopReason)
        case stageFailed(String)
    }

    public enum Status: String, Hashable, Sendable, Codable {
        case running, serving, stopping, succeeded, failed, cancelled
    }

    public var status: Status {
        guard endedAt != nil else {
            if stopping != nil { return .stopping }
            let settled = stages.allSatisfy { $0.phase.isServing || $0.phase == .ended(.succeeded) }
            return settled && stages.contains { $0.phase.isServing } ? .serving : .running
        }
        switch stopping {
        case nil: return .succeeded
        case .stageFailed: return .failed
        case .requested(.cancel): return .cancelled
        case .requested(.down):
            let finished = stages.allSatisfy { $0.phase == .ended(.succeeded) || $0.wasServing }
            return finished ? .succeeded : .cancelled
        }
    }
}

/// One stage of a run.
public struct StageState: Hashable, Sendable {
    public let name: String
    /// Where it runs or will run: the plan's choice, or the last relocation's.
    public internal(set) var planned: PlannedStage
    /// Zones of the offer that have not refused yet, in the order to try them.
    public internal(set) var zones: [String]
    public internal(set) var phase: Phase = .waiting
    /// All tries, first to last.
    public internal(set) var attempts: [Attempt] = []
    /// Known once the stage is done; taken back when they turn out to be lost.
    public internal(set) var outputs: [StoredArtifact]?
    public internal(set) var reusedFrom: RunID?
    /// Places that refused, in the order they did.
    public internal(set) var excluded: [PlaceConstraint] = []
    /// Failures in a row that a pause may cure.
    public internal(set) var transientFailures = 0
    /// Node groups lost in the current place.
    public internal(set) var losses = 0
    public internal(set) var startedAt: Instant?
    public internal(set) var endedAt: Instant?
    /// What went wrong last, in a sentence.
    public internal(set) var lastTrouble: String?
    public internal(set) var wasServing = false

    init(name: String, planned: PlannedStage, zones: [String]) {
        self.name = name
        self.planned = planned
        self.zones = zones
    }

    public enum Phase: Hashable, Sendable {
        /// For the stages before it.
        case waiting
        case lookingUp
        case provisioning
        case delivering
        case running
        /// A service that is started and not ready yet.
        case probing
        case serving(url: String)
        case collecting
        /// The nodes are being given back; `next` follows.
        case releasing(next: Next)
        case pausing(until: Instant)
        case relocating
        case ended(Outcome)

        var isServing: Bool { if case .serving = self { true } else { false } }
    }

    public enum Next: Hashable, Sendable {
        case end(Outcome)
        /// Once more in the same place, at once or after a pause.
        case retry(pause: TimeSpan)
        case relocate
        /// An input has to be made again first.
        case wait
    }

    public enum Outcome: Hashable, Sendable {
        case succeeded
        case failed(String)
        /// The run was stopped before or while it ran.
        case stopped
    }

    public var attempt: Attempt? { attempts.last }
}

/// One try at a stage.
public struct Attempt: Hashable, Sendable {
    public let id: AttemptID
    public let planned: PlannedStage
    /// Nil lets the provider choose.
    public let zone: String?
    public let startedAt: Instant
    public internal(set) var group: NodeGroup?
    public internal(set) var provisionedAt: Instant?
    /// When the last node had its code and inputs: from then on it works.
    public internal(set) var deliveredAt: Instant?
    public internal(set) var workEndedAt: Instant?
    public internal(set) var releasedAt: Instant?
    public internal(set) var transfers: [TransferRecord] = []
    public internal(set) var exitCode: Int?
    public internal(set) var trouble: String?

    /// What the nodes cost until `now`, transfers into them included; zero for nodes that never came.
    public func cost(until now: Instant) -> Money {
        let moved = transfers.reduce(Money.zero) { $0 + $1.cost }
        guard let provisionedAt else { return moved }
        let end = releasedAt ?? max(now, provisionedAt)
        return moved + planned.pricePerHour.perHour(for: end - provisionedAt)
    }
}
