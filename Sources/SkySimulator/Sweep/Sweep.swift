public import SkyBroker
public import SkyCore

/// Many seeds of one scenario, and what they came to together.
public struct Sweep: Sendable {
    public private(set) var seeds = 0
    public private(set) var runs = 0
    public private(set) var events = 0
    /// Events that cores took in once more, folding journals after deaths and at the end.
    public private(set) var folded = 0
    public private(set) var crashes = 0
    public private(set) var planned = Money.zero
    public private(set) var metered = Money.zero
    public private(set) var faults: [FaultKind: Int] = [:]
    public private(set) var ends: [RunState.Status: Int] = [:]
    /// One seed in so many is run once more, to see that its journals are the same.
    private static let repeats: UInt64 = 64

    public init() {}

    /// Takes what a seed came to.
    public mutating func add(_ outcome: SeedOutcome) {
        seeds += 1
        runs += outcome.ends.count
        events += outcome.events
        folded += outcome.folded
        crashes += outcome.crashes
        planned += outcome.planned
        metered += outcome.metered
        for fault in outcome.faults { faults[fault.kind, default: 0] += 1 }
        for end in outcome.ends { ends[end, default: 0] += 1 }
    }

    /// Runs one seed and takes what it came to.
    ///
    /// - Returns: the fall, if there was one.
    public mutating func run(_ run: SeedRun) -> Fall? {
        let outcome = run.outcome()
        add(outcome)
        if let fall = outcome.fall { return fall }
        guard run.seed % Self.repeats == 0, run.journals() != run.journals() else { return nil }
        return Fall(
            invariant: SameSeedSameJournal.name, sentence: SameSeedSameJournal.sentence,
            detail: "seed \(run.seed) went two ways", at: World.begin)
    }
}
