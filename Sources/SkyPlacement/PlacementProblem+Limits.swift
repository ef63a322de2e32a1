public import SkyCore
import SkySpec

/// Limits that a plan has to keep, and the best placement that keeps them.
extension PlacementProblem {
    /// The plan must be done within it: the pipeline's deadline, or what a policy made of it. Nil: whenever.
    public var deadline: TimeSpan? {
        let own: TimeSpan? = if case .costWithin(let deadline) = objective { deadline } else { nil }
        return [own, tighterDeadline].compactMap { $0 }.min()
    }

    /// The plan must really cost no more, whatever prices policies make. Nil: whatever it costs.
    public var budget: Money? {
        let own: Money? = if case .timeWithin(let budget) = objective { budget } else { nil }
        return [own, tighterBudget].compactMap { $0 }.min()
    }

    /// The same problem with narrower limits: those that it has already stay.
    public func within(deadline: TimeSpan? = nil, budget: Money? = nil) -> PlacementProblem {
        var limited = self
        limited.tighterDeadline = [tighterDeadline, deadline].compactMap { $0 }.min()
        limited.tighterBudget = [tighterBudget, budget].compactMap { $0 }.min()
        return limited
    }

    /// The best placement of what is left, within deadline and budget: of the least price when a policy set prices of its
    /// own, else what the pipeline's objective asks for. This is the end of most policies.
    ///
    /// - Throws: `.deadlineTooShort` or `.budgetTooSmall` with what would be possible, `.beyondCounting`.
    public func best() throws(PlacementError) -> Placement {
        if isRepriced { return try leastCost() }
        switch objective {
        case .cost, .costWithin: return try leastCost()
        case .time, .timeWithin: return try leastTime()
        case .weighted(let perHour, let perInterruption):
            return try leastWorth(perHour: perHour, perInterruption: perInterruption)
        }
    }

    /// The placement of the least price within deadline and budget.
    ///
    /// With prices of a policy *and* a budget the answer keeps the budget, but may not be the best that does.
    func leastCost() throws(PlacementError) -> Placement {
        let placement = try cheapest(within: deadline)
        guard let budget else { return placement }
        let cost = try totals(of: placement).cost
        if cost <= budget { return placement }
        guard isRepriced else {
            throw .budgetTooSmall(budget: budget, cheapest: cost, isProven: placement.proof?.isOptimal ?? false)
        }
        return try leastPrice(withinBudget: budget)
    }

    /// The fastest placement within deadline and budget. A budget is about true prices, so that those of policies do
    /// not count with one.
    func leastTime() throws(PlacementError) -> Placement {
        let placement = try budget == nil ? fastest() : atTruePrices.fastest(within: budget)
        let time = try totals(of: placement).time
        if let deadline, time > deadline {
            throw .deadlineTooShort(
                deadline: deadline, fastest: time, isProven: placement.proof?.isOptimal ?? false)
        }
        return placement
    }

    /// The placement with the least cost plus time within deadline and budget. Where the best of all is too late or too
    /// dear, the best of those plans is taken that none is both cheaper and faster than: one of them is the answer.
    ///
    /// - Parameter perInterruption: what it is worth to expect one interruption less; with limits, the best of all plans
    ///   must keep them, or risk does not count.
    func leastWorth(perHour: Money, perInterruption: Money = .zero) throws(PlacementError) -> Placement {
        let placement = try leastWeighted(perHour: perHour, perInterruption: perInterruption)
        if keepsLimits(try totals(of: placement)) { return placement }
        let worth = Worth(perHour: max(perHour, .zero))
        let front = try atTruePrices.paretoFront(limit: 500)
        let best = front.points.filter { keepsLimits(($0.cost, $0.time)) }
            .min { a, b in
                worth.value(cost: a.cost.nanodollars, time: a.time.milliseconds)
                    < worth.value(cost: b.cost.nanodollars, time: b.time.milliseconds)
            }
        // Says what would be possible.
        guard let best else { return try budget == nil ? leastTime() : leastCost() }
        return best.placement
    }

    private func keepsLimits(_ totals: (cost: Money, time: TimeSpan)) -> Bool {
        (budget.map { totals.cost <= $0 } ?? true) && (deadline.map { totals.time <= $0 } ?? true)
    }

    /// Weighs the policy's prices less and less against true costs until the budget is kept.
    private func leastPrice(withinBudget budget: Money) throws(PlacementError) -> Placement {
        let plain = atTruePrices
        var found = try plain.leastCost()
        var (tooMuch, enough) = (0, 63)
        while enough - tooMuch > 1 {
            let shift = (tooMuch + enough) / 2
            let placement = try mixed(with: plain, shift: shift).cheapest(within: deadline)
            if try totals(of: placement).cost <= budget {
                (found, enough) = (placement, shift)
            } else {
                tooMuch = shift
            }
        }
        return found
    }

    /// With the prices `policy ÷ 2^shift + true`.
    private func mixed(with plain: PlacementProblem, shift: Int) -> PlacementProblem {
        var mixed = self
        for index in stages.indices {
            mixed.setPrices(ofStage: index) { candidate in
                Network.plus(price(of: candidate, ofStage: index).nanodollars >> shift, candidate.cost.nanodollars)
            }
        }
        var costs = plain.trueTransferCosts
        for (index, edge) in network.edges.enumerated() {
            guard let own = edge.table?.cost, let real = costs.edges[index] else { continue }
            costs.edges[index] = zip(own, real).map { Network.plus($0 >> shift, $1) }
        }
        for (index, node) in network.nodes.enumerated() {
            costs.entries[index] = zip(node.entryCost, costs.entries[index]).map { Network.plus($0 >> shift, $1) }
        }
        mixed.trueTransfers = trueTransferCosts
        mixed.setTransferCosts(costs)
        return mixed
    }
}

extension PlacementProblem {
    /// How good a placement is, the less the better: by what `best()` makes small, and then by the rest.
    func value(of placement: Placement) throws(PlacementError) -> (Int64, Int64) {
        let totals = try totals(of: placement)
        let (cost, time) = (totals.cost.nanodollars, totals.time.milliseconds)
        if isRepriced { return (policyPrice(of: try chosen(placement, by: "placement")), time) }
        switch objective {
        case .cost, .costWithin: return (cost, time)
        case .time, .timeWithin: return (time, cost)
        case .weighted(let perHour, let perInterruption):
            let risk = try chosen(placement, by: "placement").reduce(Int64(0)) {
                Network.plus($0, $1.price(ofRisk: max(perInterruption, .zero)).nanodollars)
            }
            return (Network.plus(Worth(perHour: perHour).value(cost: cost, time: time), risk), cost)
        }
    }

    /// What the solver counts for a whole placement.
    private func policyPrice(of candidates: [Candidate]) -> Int64 {
        let places = candidates.indices.map { geography.placeOfCandidate[$0][candidates[$0].index] }
        var sum: Int64 = 0
        for (index, candidate) in candidates.enumerated() {
            sum = Network.plus(sum, price(of: candidate, ofStage: index).nanodollars)
            sum = Network.plus(sum, network.nodes[index].entryCost[places[index]])
        }
        for edge in network.edges {
            guard let table = edge.table else { continue }
            sum = Network.plus(sum, table.cost(at: table.index(from: places[edge.from], to: places[edge.to])))
        }
        return sum
    }
}
