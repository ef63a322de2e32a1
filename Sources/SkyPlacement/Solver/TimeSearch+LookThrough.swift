extension TimeSearch {
    enum LookThrough {
        /// No plan below the cap is left, with the bound that this leaves.
        case settled(Int64)
        /// There is a better plan than before.
        case improved
        case open
    }

    /// Goes through all that prices and times leave open.
    mutating func lookThrough(_ branch: inout Branch, _ widths: [Int]) -> LookThrough {
        branch.paths.goBack()
        branch.paths.apply(to: &branch.sweep, limit: limit)
        // Messages settle down at these prices, and then once more without what they rule out.
        for _ in 0..<2 {
            branch.sweep.pass()
            branch.sweep.pass()
            meter.spend(2 * branch.sweep.stepsPerPass)
            let bound = branch.sweep.units.nanodollars(branch.sweep.bound)
            guard bound < cap, let alive = branch.sweep.alive(below: cap) else { return .settled(max(bound, cap)) }
            guard alive.dropped > 0 else { break }
            restrict(&branch, to: alive.options)
            guard narrowByTime(&branch) else { return .settled(cap) }
        }
        branch.sweep.pass()
        let sweeps = atSeveralPrices(branch)
        for width in widths {
            guard
                var search = FrontierSearch(sweeps, limit: limit, cap: cap, value: valueOfPlans, width: width)
            else { return .open }
            let isDone = search.search(&meter)
            let before = best
            if let options = search.best { note(branch.network.assignment(options), branch) }
            guard isDone else { return .open }
            guard search.isTruncated || goal.isFastest && search.best != nil else { return .settled(cap) }
            branch.sweep.raise(search.dropped)
            if branch.sweep.units.nanodollars(branch.sweep.bound) >= cap { return .settled(cap) }
            guard best == before else { return .improved }
        }
        return .open
    }

    /// The sweep, and what it is at other prices of time.
    mutating func atSeveralPrices(_ branch: Branch) -> [CostSweep] {
        guard case .cheapest = goal else { return [branch.sweep] }
        return [branch.sweep]
            + Self.otherPrices.map { factor in
                var sweep = branch.sweep
                branch.paths.scaled(by: factor).apply(to: &sweep, limit: limit)
                for _ in 0..<4 { sweep.pass() }
                meter.spend(4 * sweep.stepsPerPass)
                return sweep
            }
    }

    private static let otherPrices = [0, 0.4, 0.75, 1.4, 2.5]

    /// What `FrontierSearch` makes small, if not the cost alone.
    private var valueOfPlans: FrontierSearch.Value? {
        guard case .weighted(let worth, _) = goal else { return nil }
        return { worth.value(cost: $0, time: $1) }
    }
}
