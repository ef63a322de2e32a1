public import SkyBroker
import SkyCore
import SkySpec

/// One seed of a scenario, as a value that can be run as often as one likes.
public struct SeedRun: Sendable {
    public let scenario: Scenario
    public let seed: UInt64
    /// The runs that are launched; nil: all.
    public var keptRuns: Set<Int>?
    /// The stages that the pipelines have, with those that they need; nil: all.
    public var keptStages: Set<String>?
    /// The faults that may happen; nil: all that chance wants.
    public var only: Set<Fault>?
    public var bug: PlantedBug?
    /// The one invariant that is looked at; nil: all.
    public var watched: (any Invariant.Type)?

    public init(
        _ scenario: Scenario, seed: UInt64, keptRuns: Set<Int>? = nil, keptStages: Set<String>? = nil,
        only: Set<Fault>? = nil, bug: PlantedBug? = nil, watched: (any Invariant.Type)? = nil
    ) {
        self.scenario = scenario
        self.seed = seed
        self.keptRuns = keptRuns
        self.keptStages = keptStages
        self.only = only
        self.bug = bug
        self.watched = watched
    }

    public func outcome() -> SeedOutcome {
        let world = lived()
        return SeedOutcome(
            seed: seed, fall: world.checks.fall, events: world.figures.events, folded: world.figures.folded,
            crashes: world.figures.crashes,
            faults: world.gate.struck, ends: world.runs.compactMap { $0?.isOver == true ? $0?.state.status : nil },
            planned: world.figures.planned, metered: world.figures.metered)
    }

    /// Every run's journal, in the runs' order.
    public func journals() -> [[RecordedEvent]] { lived().runs.compactMap { $0?.journal } }

    /// Every run's journal as the real one would keep it: a line of JSON per event.
    public func journalText() throws -> String {
        try journals().joined().map { try JournalCoding.encode($0) + "\n" }.joined()
    }

    /// What happens, in words, and how it falls.
    public func story() -> (lines: [String], fall: Fall?) {
        let world = world()
        world.story = Story()
        world.live()
        return (world.story?.lines ?? [], world.checks.fall)
    }

    private func lived() -> World {
        let world = world()
        world.live()
        return world
    }

    private func world() -> World {
        var scenario = scenario
        if let keptStages {
            scenario.pipelines = scenario.pipelines.map { $0.keeping(keptStages) }
                .filter { !$0.pipeline.stages.isEmpty }
        }
        return World(scenario, seed: seed, keptRuns: keptRuns, only: only, bug: bug, watched: watched)
    }
}
