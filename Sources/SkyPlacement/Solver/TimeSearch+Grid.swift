extension TimeSearch {
    /// Goes through what is left in a network that is narrow, but does not come apart: first what is left for plans that are hardly
    /// dearer than the bound, which is little, then for dearer ones.
    ///
    /// - Parameter branch: one that `isNarrow`.
    /// - Returns: a bound, as `explore` does.
    mutating func searchGrids(_ branch: Branch) -> Int64 {
        var least = branch.sweep.units.nanodollars(branch.sweep.bound)
        var room = max(least / Self.firstRoom, 1)
        while least < cap, !isSatisfied {
            let top = min(cap, Network.plus(least, room))
            if let alive = branch.sweep.alive(below: top) {
                var part = branch
                if alive.dropped > 0 { restrict(&part, to: alive.options) }
                if narrowByTime(&part) {
                    let (bound, isDone) = refine(part, below: top)
                    least = max(least, bound)
                    guard isDone else {
                        isExhausted = true
                        return least
                    }
                }
            }
            least = max(least, min(top, cap))
            room *= Self.roomGrowth
        }
        return least
    }

    /// `searchGrids` can go through it.
    func isNarrow(_ branch: Branch) -> Bool {
        guard case .cheapest = goal, let steps = FrontierStep.plan(branch.network, limit: limit) else { return false }
        return FrontierStep.width(of: steps) <= Self.widest
    }

    private static let firstRoom: Int64 = 3_000
    private static let roomGrowth: Int64 = 3

    /// With times that are rounded down to ever finer grids, and ever fewer places taken for one, each of what the one before has
    /// left below the best plan, until nothing is.
    ///
    /// This is Ibaraki's successive sublimation of dynamic programs (Annals of Operations Research 11, 1987) with times and
    /// places as what is relaxed.
    ///
    /// - Returns: a bound; it is not done where the grids become too large before one is exact.
    private mutating func refine(_ given: Branch, below top: Int64) -> (bound: Int64, isDone: Bool) {
        var branch = given
        for _ in 0..<4 { branch.sweep.pass() }
        meter.spend(4 * branch.sweep.stepsPerPass)
        let sweeps = atSeveralPrices(branch)
        guard let frame = TimeGridFrame(sweeps, limit: limit, cap: top) else { return (top, true) }
        var ladder = GridLadder(frame, limit: limit)
        var grid: TimeGrid?
        var widths = PlanWidths()
        var least: Int64 = 0
        while let rung = ladder.current, !meter.isOver {
            let below = min(top, cap)
            guard
                let finer = TimeGrid(
                    frame, rung.places, grain: rung.grain, of: grid, cap: below,
                    most: Self.mostMovesPerStep * frame.steps.count, &meter)
            else {
                ladder.wasTooFine(isFirst: grid == nil)
                continue
            }
            grid = finer
            let isHigher = finer.bound > least
            least = max(least, finer.bound)
            guard least < below else { return (below, true) }
            if let options = finer.cheapest(frame) { note(branch.network.assignment(options), branch) }
            guard !isSatisfied, least < cap else { return (min(least, cap), true) }
            let width = widths.next(bound: least, top: min(below, cap))
            if let width, ladder.isExactInPlaces || finer.moveCount > Self.movesWorthPlans {
                var plans = GridPlans(frame, finer, ladder.crossings, cap: min(below, cap), width: width)
                let isDone = plans.search(&meter)
                if let options = plans.best { note(branch.network.assignment(options), branch) }
                guard !isSatisfied else { return (least, true) }
                if isDone { least = max(least, min(plans.dropped, below)) }
                guard least < min(below, cap) else { return (min(least, cap), true) }
            }
            ladder.climb(didHelp: isHigher)
        }
        return (least, false)
    }

    /// Nodes that others wait for at any moment.
    static let widest = 4
    private static let mostMovesPerStep = 200_000
    private static let movesWorthPlans = 10_000
}

/// How many ways are worth following along a grid: the more the nearer its bound comes to the best plan, and twice as many
/// whenever it does not.
private struct PlanWidths {
    /// Between the bound of the first grid and the best plan then.
    private var firstGap: Int64?
    private var last: (bound: Int64, width: Int) = (-1, 0)

    private static let first = 500
    private static let most = 50_000
    /// Not more than so many times what a gap is worth.
    private static let patience = 8

    /// Nil where the bound is still too far off for any.
    mutating func next(bound: Int64, top: Int64) -> Int? {
        let gap = max(top - bound, 1)
        let first = firstGap ?? gap
        firstGap = first
        guard gap < first / 3 || bound == last.bound else {
            last.bound = bound
            return nil
        }
        let worth = Int(clamping: Int64(Self.first) * max(first / gap, 1))
        let width = bound > last.bound ? worth : min(max(last.width * 2, worth), worth * Self.patience)
        last = (bound, min(width, Self.most))
        return last.width
    }
}

/// From a coarse grid to an exact one, by finer times and by fewer places that are taken for one: by either for as long as bounds
/// rise.
private struct GridLadder {
    private enum Step {
        case times
        case places

        var other: Step { self == .times ? .places : .times }
    }

    private var groupings: [PlaceGroups]
    /// From each place alone.
    let crossings: [[StepCrossing]]
    private var grain: Int64
    private var last = Step.times
    /// Both ways up have led to too many ways.
    private var isOver = false
    private var wasUndone = false
    private var undone: PlaceGroups?

    private static let groupSizes = [2, 4, 8, 16, .max]
    private static let firstCells: Int64 = 16
    private static let refinement: Int64 = 4

    init(_ frame: TimeGridFrame, limit: Int64) {
        let fine = PlaceGroups(frame)
        crossings = fine.crossings
        groupings = [fine] + Self.groupSizes.compactMap { PlaceGroups(fine, frame, size: $0) }
        grain = max(limit / Self.firstCells, 1)
    }

    /// Nil when there is no way up any more.
    var current: (places: PlaceGroups, grain: Int64)? {
        isOver ? nil : groupings.last.map { (places: $0, grain: grain) }
    }

    var isExactInPlaces: Bool { groupings.count == 1 }

    /// To be called when the present grid is made.
    ///
    /// - Parameter didHelp: bounds have risen.
    mutating func climb(didHelp: Bool) {
        wasUndone = false
        let wanted = didHelp ? last : last.other
        if !go(wanted), !go(wanted.other) { isOver = true }
    }

    /// To be called when it has too many ways: then it is tried the other way.
    mutating func wasTooFine(isFirst: Bool) {
        guard !isFirst, !wasUndone else { return isOver = true }
        wasUndone = true
        switch last {
        case .times: grain *= Self.refinement
        case .places: if let undone { groupings.append(undone) }
        }
        if !go(last.other) { isOver = true }
    }

    /// False where there is nothing finer.
    private mutating func go(_ step: Step) -> Bool {
        last = step
        switch step {
        case .times:
            guard grain > 1 else { return false }
            grain = max(grain / Self.refinement, 1)
        case .places:
            guard groupings.count > 1 else { return false }
            undone = groupings.removeLast()
        }
        return true
    }
}
