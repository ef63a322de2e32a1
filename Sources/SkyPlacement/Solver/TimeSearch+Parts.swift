import SkyCore

extension TimeSearch {
    /// Solves what is left by taking it apart: first what is left for plans that are hardly dearer than the bound, which
    /// is little, then for dearer ones.
    mutating func settled(_ branch: inout Branch, _ decomposition: Decomposition) -> Int64 {
        branch.paths.goBack()
        let least = branch.sweep.units.nanodollars(branch.sweep.bound)
        var room = max(least / Self.firstGuess, 1)
        while true {
            let top = isPriceless ? cap : min(cap, Network.plus(least, room))
            if let alive = branch.sweep.alive(below: top) {
                var part = branch
                if alive.dropped > 0 { restrict(&part, to: alive.options) }
                if narrowByTime(&part) {
                    let bound = takenApart(part, decomposition, below: top)
                    guard best == nil || cap > bound, !isExhausted else { return min(bound, cap) }
                }
            }
            guard top < cap else { return cap }
            room *= Self.guessGrowth
        }
    }

    private static let firstGuess: Int64 = 3_000
    private static let guessGrowth: Int64 = 4

    private mutating func takenApart(_ branch: Branch, _ decomposition: Decomposition, below top: Int64) -> Int64 {
        var worth: Worth?
        if case .weighted(let given, _) = goal { worth = given }
        var search = PartSearch(
            branch.network, decomposition, limit: limit, price: branch.paths.sum(in: branch.sweep.units),
            worth: worth.map { Double($0.perHour.nanodollars) / 3_600_000 })
        let bound: Int64
        if goal.isFastest {
            timeBound = max(timeBound, search.fastest(cap: top - 1, from: timeBound, &meter))
            bound = top
        } else {
            bound = search.cheapest(cap: top - 1, worth: worth, &meter)
        }
        isExhausted = search.isExhausted
        if let found = search.best {
            note(found, branch)
            isBestOfEquals = !decomposition.isSided && worth == nil
        }
        return bound
    }
}
