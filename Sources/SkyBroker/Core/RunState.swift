public import SkyCore
import SkyPlacement
import SkySpec

/// A run's whole life as a value: the fold of its events.
///
/// `apply(_:)` is the only place where a run's life is decided. What should be under way follows from the state alone
/// (`effects`), so a driver that starts from a folded journal wants exactly what the dead one was doing.
public struct RunState: Hashable, Sendable {
    public let launch: Launch
    public let launchedAt: Instant
    let graph: RunGraph
    /// In the pipeline's order.
    public internal(set) var stages: [StageState]
    /// Set once: the run is being stopped, and why.
    public internal(set) var stopping: Stopping?
    /// Requests to stand still that were heard so far.
    public internal(set) var halts = 0
    /// The run stands still, or is coming to: nothing begins until it is started again.
    public internal(set) var isHalted = false
    /// When the last stage ended and the last node was given back.
    public internal(set) var endedAt: Instant?
    public internal(set) var driverStarts = 0

    /// Stages whose turn it would be, if fewer others were at work; by position, in order.
    var queue: [Int] = []
    package internal(set) var tally: Tally
    /// Some stage's outputs were lost at some time: until then no stage can lack what it began with.
    var hasLostOutputs = false
    /// Nil for a run without one.
    var budget: BudgetState?
    let hasBudgets: Bool
    /// Nothing new begins: the budget is spent, and what runs may finish.
    var isWindingDown = false
    /// The budget's own clock has rung, or a person has agreed to more. False between events.
    var ringing = false

    /// Stages that are done and whose nodes may be taken over, in the order they were.
    var yielding: [Int] = []
    /// Stages that the event being applied has made ask for nodes. Empty between events.
    var asking: [Int] = []

    /// Positions of stages that the event being applied has changed. Empty between events.
    var touched: [Int] = []

    /// Nil unless `first` is a launch.
    public init?(_ first: RecordedEvent) {
        guard case .launched(let launch) = first.event else { return nil }
        self.launch = launch
        launchedAt = first.at
        graph = RunGraph(launch.pipeline)
        var stages: [StageState] = []
        for (index, stage) in launch.pipeline.stages.enumerated() {
            guard let planned = launch.plan.stage(named: stage.name) else { return nil }
            stages.append(
                StageState(
                    stage, index: index, planned: planned, zones: launch.zones[stage.name] ?? [],
                    rules: StageRules(stage, in: launch.pipeline, launch.options), at: first.at))
        }
        self.stages = stages
        budget = BudgetState(launch.pipeline.budget)
        hasBudgets = launch.pipeline.budget != nil || stages.contains { $0.budget != nil }
        tally = Tally(stages: stages.count)
        for index in stages.indices where graph.before[index].isEmpty { queue.append(index) }
        startQueued(at: first.at)
        asking = []
        touched = []
    }

    /// Folds a journal; nil when it does not begin with a launch.
    public init?(folding events: some Sequence<RecordedEvent>) {
        var iterator = events.makeIterator()
        guard let first = iterator.next(), let state = RunState(first) else { return nil }
        self = state
        while let next = iterator.next() { _ = apply(next) }
    }

    /// Folds what came after a launch, whose own state is at hand.
    package init(_ launched: RunState, followedBy events: ArraySlice<RecordedEvent>) {
        self = launched
        for index in events.indices { _ = apply(events[index]) }
    }

    public var run: RunID { launch.run }

    public func stage(named name: String) -> StageState? { graph.index[name].map { stages[$0] } }

    func spec(_ stage: StageState) -> Stage { launch.pipeline.stages[stage.index] }

    public enum Stopping: Hashable, Sendable {
        case requested(StopReason)
        case stageFailed(String)
        /// Why, in a sentence.
        case budgetSpent(String)
    }

    public enum Status: String, Hashable, Sendable, Codable {
        case running, serving, stopping
        /// Stands still until it is started again.
        case stopped
        case succeeded, failed, cancelled
    }

    public var status: Status {
        guard endedAt != nil else {
            if stopping != nil { return .stopping }
            if isHalted { return stages.allSatisfy(\.phase.isAtRest) ? .stopped : .stopping }
            return tally.settled == stages.count && tally.serving > 0 ? .serving : .running
        }
        switch stopping {
        case nil: return .succeeded
        case .stageFailed, .budgetSpent: return .failed
        case .requested(.cancel): return .cancelled
        case .requested(.down):
            let finished = stages.allSatisfy { $0.phase == .ended(.succeeded) || $0.wasServing }
            return finished ? .succeeded : .cancelled
        }
    }
}
