import SkyCore

/// The shortest history that was found for a fall, told.
public struct ShrunkHistory: Sendable {
    public let run: SeedRun
    public let fall: Fall
    /// What went wrong in it, in the order in which it did.
    public let faults: [Fault]
    /// Events that the cores took in.
    public let events: Int
    public let tries: Int
    /// What happened, a line each.
    public let lines: [String]

    /// - Parameter isTimeUp: asked between two tries.
    /// - Returns: nil when nothing falls.
    public init?(_ run: SeedRun, isTimeUp: @escaping () -> Bool) {
        guard var shrinker = Shrinker(run, isTimeUp: isTimeUp) else { return nil }
        let (shortest, outcome) = shrinker.shortest()
        let (lines, fall) = shortest.story()
        guard let fall else { return nil }
        self.run = shortest
        self.fall = fall
        self.lines = lines
        faults = outcome.faults
        events = outcome.events
        tries = shrinker.tries
    }

    /// The options that play it again, after `sky simulate FILE…`.
    public var options: [String] {
        var options = ["--seed", "\(run.seed)", "--runs", "\(run.scenario.runs)"]
        for kept in (run.keptRuns ?? []).sorted() { options += ["--only-run", "\(kept)"] }
        for kept in (run.keptStages ?? []).sorted() { options += ["--only-stage", kept] }
        for fault in faults { options += ["--only-fault", fault.description] }
        return faults.isEmpty ? options + ["--only-fault", "none"] : options
    }
}
