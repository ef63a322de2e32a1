import SkyCore
import SkySpec

/// Finds a short history in which the same invariant falls: fewer runs, fewer stages, fewer faults.
public struct Shrinker {
    private let isTimeUp: () -> Bool
    private let invariant: String
    private var best: SeedRun
    private var outcome: SeedOutcome
    /// Histories that were tried.
    public private(set) var tries = 0

    /// Nil when nothing falls.
    public init?(_ run: SeedRun, isTimeUp: @escaping () -> Bool) {
        outcome = run.outcome()
        guard let fall = outcome.fall else { return nil }
        invariant = fall.invariant
        best = run
        self.isTimeUp = isTimeUp
    }

    /// The shortest that was found until the time was up.
    public mutating func shortest() -> (run: SeedRun, outcome: SeedOutcome) {
        // From here on what happens is a list, and chance has no say.
        best.only = Set(outcome.faults)
        var size = Int.max
        while !isTimeUp(), outcome.faults.count + outcome.events < size {
            size = outcome.faults.count + outcome.events
            dropRuns()
            dropStages()
            dropFaults()
            moveFaults()
        }
        best.only = Set(outcome.faults)
        return (best, outcome)
    }

    /// True, and kept, when it still falls.
    private mutating func accepts(_ run: SeedRun) -> Bool {
        guard !isTimeUp() else { return false }
        tries += 1
        let tried = run.outcome()
        guard tried.fall?.invariant == invariant else { return false }
        best = run
        outcome = tried
        return true
    }

    private mutating func dropRuns() {
        let all = best.keptRuns ?? Set(0..<best.scenario.runs)
        guard all.count > 1 else { return }
        for run in all.sorted() {
            var single = best
            single.keptRuns = [run]
            if accepts(single) { return }
        }
        for run in all.sorted() {
            var fewer = best
            fewer.keptRuns = (best.keptRuns ?? all).subtracting([run])
            guard fewer.keptRuns?.isEmpty == false else { return }
            _ = accepts(fewer)
        }
    }

    /// A stage and what it needs: the first that is enough.
    private mutating func dropStages() {
        guard best.keptStages == nil else { return }
        var names: [String] = []
        for stage in best.scenario.pipelines.flatMap(\.pipeline.stages) where !names.contains(stage.name) {
            names.append(stage.name)
        }
        for name in names.dropLast() {
            var smaller = best
            smaller.keptStages = [name]
            if accepts(smaller) { return }
        }
    }

    /// What went wrong late goes wrong at once, so that less has to come before it.
    private mutating func moveFaults() {
        for fault in outcome.faults {
            guard let earlier = fault.atFirstAttempt, !isTimeUp() else { continue }
            var moved = best
            moved.only = Set(outcome.faults).subtracting([fault]).union([earlier])
            if accepts(moved) { dropFaults() }
        }
    }

    /// Delta debugging (Zeller and Hildebrandt 2002): leaves ever smaller parts of the faults out.
    private mutating func dropFaults() {
        var parts = 2
        while !isTimeUp(), !outcome.faults.isEmpty {
            let faults = outcome.faults
            let size = max(1, (faults.count + parts - 1) / parts)
            var isSmaller = false
            for start in stride(from: 0, to: faults.count, by: size) {
                var fewer = best
                fewer.only = Set(faults[..<start]).union(faults[min(start + size, faults.count)...])
                if accepts(fewer) {
                    isSmaller = true
                    break
                }
            }
            if isSmaller {
                parts = max(2, parts - 1)
            } else if size == 1 {
                return
            } else {
                parts = min(parts * 2, max(2, faults.count))
            }
        }
    }
}
