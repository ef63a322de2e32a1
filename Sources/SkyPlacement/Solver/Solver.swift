/// Finds the cheapest and the fastest assignments of a network, exactly as long as `work` lasts.
struct Solver {
    private let network: Network
    private let shape: Shape
    /// A good plan for nearly the same network, as options per node; -1 where it says nothing.
    private let hint: [Int]?
    private var work: Meter
    /// What more may be spent where that is certain to lead to a proof.
    private var reserve: Int
    /// Per node the options that the cheapest assignments use, if a search without a time limit has found out.
    private var survivors: [[Int]]?
    private var knownCostBound: Int64?
    /// No assignment ends sooner.
    lazy var timeBound: Int64 = TimeWindows(network, limit: Network.forever)?.earliestEnd ?? 0

    /// What the time of the fastest plan at any price may take to be found out, where there is a budget.
    private static let quickSteps = 20_000_000
    /// What breaking ties may take.
    private static let tieSteps = 500_000

    private enum Shape {
        case forest(Forest, Forest.CostMessages)
        case loops
    }

    init(_ network: Network, effort: Effort, hint: [Int]? = nil) {
        self.network = network
        self.hint = hint
        work = Meter(effort)
        if case .standard = effort { reserve = Effort.stepsOfProofs - Effort.standardSteps } else { reserve = 0 }
        let links = network.edges.map { (from: $0.from, to: $0.to) }
        guard GraphShape.spanningForest(links, nodeCount: network.nodes.count).count == links.count else {
            shape = .loops
            return
        }
        let forest = Forest(nodes: network.nodes, edges: network.edges)
        shape = .forest(forest, forest.costMessages())
    }

    /// What every place of every node comes to; nil if the network has loops.
    var messages: (forest: Forest, costs: Forest.CostMessages)? {
        if case .forest(let forest, let costs) = shape { (forest, costs) } else { nil }
    }

    /// The cheapest assignment that ends by `limit` and, of those, the fastest.
    mutating func cheapest(limit: Int64 = Network.forever) -> Outcome {
        survivors = nil
        if limit < Network.forever { drawOnReserve() }
        let known = hinted(Assignment.isCheaper) { $0.time <= limit || limit == Network.forever }
        var result = cheapestAtAnyPace(limit: limit, known: known)
        // Looking at all transfer times takes longer than the whole rest, where time does not matter.
        result.timeBound = limit == Network.forever ? network.timeBoundWithoutTransfers : timeBound
        guard let plan = result.plan, result.isProven else { return result }
        guard let survivors else {
            let isBest = result.isBestOfEquals
            result.plan = tieBroken(plan) {
                isBest ? plan : $0.fastestAtAnyPrice(budget: plan.cost, known: plan).plan
            }
            return result
        }
        guard survivors.contains(where: { $0.count > 1 }) else { return result }
        result.plan = preferred(plan, among: survivors)
        return result
    }

    /// Of assignments that cost as little as `plan` the fastest and, of those, the preferred one. Only `kept` can be in
    /// them, which is mostly next to nothing.
    private mutating func preferred(_ plan: Assignment, among kept: [[Int]]) -> Assignment {
        let rest = network.restricted(to: kept)
        let inner = rest.assignment(zip(kept, plan.options).map { $0.firstIndex(of: $1) ?? 0 })
        let hasLoops = messages == nil
        let best = work.lending(Self.tieSteps) { part in
            let found: Assignment?
            if hasLoops {
                found = Self.fastestOfEquals(rest, inner, &part)
            } else {
                found = Decomposition(rest).flatMap { plan in
                    var search = PartSearch(rest, plan, limit: inner.time, price: 0)
                    return search.fastestOfCheapest(cost: inner.cost, &part)
                }
            }
            return TieBreaker.best(rest, found ?? inner, &part)
        }
        return network.assignment(zip(kept, best.options).map { $0[$1] })
    }

    /// A faster assignment than `plan` that costs no more, if there is one and it is easily found.
    private static func fastestOfEquals(_ network: Network, _ plan: Assignment, _ meter: inout Meter) -> Assignment? {
        var sweep = CostSweep(network, CostUnits(network, cap: plan.cost), isTimed: true)
        sweep.pass()
        var search = FrontierSearch(
            [sweep], limit: plan.time - 1, cap: plan.cost + 1, value: { $1 }, worthCap: plan.time, width: 1_000)
        _ = search?.search(&meter)
        return search?.best.map(network.assignment)
    }

    /// Of assignments that are as good by the first measure, a better one by the second, and of equals the preferred one.
    private mutating func tieBroken(
        _ plan: Assignment, _ better: (inout Solver) -> Assignment?
    ) -> Assignment {
        var solver = self
        return work.lending(Self.tieSteps) { [network] part in
            solver.work = part
            let found = better(&solver) ?? plan
            part = solver.work
            return TieBreaker.best(network, found, &part)
        }
    }

    /// The fastest assignment that costs at most `budget` and, of those, the cheapest.
    mutating func fastest(budget: Int64 = Network.none) -> Outcome {
        drawOnReserve()
        let known = hinted(Assignment.isFaster) { $0.cost <= budget }
        let answer = fastestAtAnyPrice(budget: budget, known: known)
        var result = Outcome(plan: answer.plan, isProven: answer.isProven)
        result.timeBound = max(answer.timeBound, timeBound)
        result.costBound = costBound()
        guard let plan = result.plan else { return result }
        if !answer.isBestOfEquals, let cheaper = cheapestAtAnyPace(limit: plan.time, known: plan).plan,
            cheaper.isFaster(than: plan)
        {
            result.plan = cheaper
        }
        result.plan = result.plan.map { plan in tieBroken(plan) { _ in nil } }
        return result
    }

    /// The least that any assignment costs, or a bound below it.
    mutating func costBound() -> Int64 {
        if case .forest(_, let costs) = shape { return costs.best }
        if let knownCostBound { return knownCostBound }
        let bound = cheapestAtAnyPace(limit: Network.forever, known: nil).costBound
        knownCostBound = bound
        return bound
    }

    /// Before looking for plans in a network that comes apart or is narrow. For the weighted goal, one with several ends is not
    /// searched part by part, nor one that is narrow by grids: there more steps would not bring the proof.
    mutating func drawOnReserve(isWeighted: Bool = false) {
        guard reserve > 0 else { return }
        let parts = Decomposition(network)
        let isSearchedByParts = parts.map { !isWeighted || !$0.isSided } ?? (messages != nil && !isWeighted)
        if isSearchedByParts || !isWeighted && parts == nil && isNarrow { work.extend(by: reserve) }
        forgoReserve()
    }

    private var isNarrow: Bool {
        FrontierStep.plan(network, limit: Network.forever).map { FrontierStep.width(of: $0) <= TimeSearch.widest }
            ?? false
    }

    mutating func forgoReserve() { reserve = 0 }

    /// `known`: an assignment that keeps the limit.
    private mutating func cheapestAtAnyPace(limit: Int64, known: Assignment?) -> Outcome {
        switch shape {
        case .forest(let forest, let costs): return cheapest(forest, costs, limit: limit, known: known)
        case .loops where limit == Network.forever:
            var search = CostSearch(network, cap: known?.cost ?? Network.none - 1, meter: work)
            let bound = search.search()
            work = search.meter
            survivors = search.survivors
            let plan = search.best.map(network.assignment) ?? known
            return Outcome(
                plan: plan, isProven: plan.map { $0.cost <= bound } ?? !search.isExhausted,
                costBound: min(bound, plan?.cost ?? bound))
        case .loops: return cheapestInTime(limit: limit, known: known)
        }
    }

    private mutating func cheapest(
        _ forest: Forest, _ costs: Forest.CostMessages, limit: Int64, known: Assignment?
    ) -> Outcome {
        // Without a thought for time the cheapest plan is quickly found, and is often early enough.
        guard costs.best <= known?.cost ?? Network.none, let plan = forest.cheapestOptions(costs).map(assignment) else {
            return Outcome(plan: known, isProven: true, costBound: known?.cost ?? costs.best)
        }
        guard limit == Network.forever || plan.time <= limit else { return cheapestInTime(limit: limit, known: known) }
        if limit == Network.forever {
            survivors = Array(forest.cheapestAlike(costs).prefix(network.nodes.count))
        }
        return Outcome(plan: plan, isProven: true, costBound: plan.cost)
    }

    private mutating func cheapestInTime(limit: Int64, known: Assignment?) -> Outcome {
        let cap = min(known?.cost ?? Network.none, Network.none - 1)
        var search = TimeSearch(network, goal: .cheapest, limit: limit, cap: cap, meter: work)
        let bound = search.search()
        work = search.meter
        let plan = search.best.map { network.assignment($0.options) } ?? known
        return Outcome(
            plan: plan, isProven: plan.map { $0.cost <= bound } ?? !search.isExhausted,
            isBestOfEquals: search.isBestOfEquals, costBound: min(bound, plan?.cost ?? bound))
    }

    /// `known`: an assignment within the budget.
    private mutating func fastestAtAnyPrice(budget: Int64, known: Assignment?) -> Answer<Assignment> {
        guard case .forest(let forest, let costs) = shape else { return fastestOfLoops(budget: budget, known: known) }
        let start = known ?? forest.cheapestOptions(costs).map(assignment)
        guard let start, start.cost <= budget else { return Answer(plan: nil, isProven: true) }
        let quick = forest.fastest(costs, budget: budget, known: (start.options, start.time)) {
            network.assignment($0).time
        }
        guard budget < Network.none else {
            return Answer(plan: assignment(quick.options), isProven: true, timeBound: quick.time)
        }
        return fastest(budget: budget, known: start, impossible: quick.time - 1)
    }

    /// Returns the best plan and a bound on the weighted sum.
    mutating func weightedSearch(_ worth: Worth, costBound: Int64) -> (plan: Assignment?, bound: Int64) {
        let goal = TimeSearch.Goal.weighted(worth, costBound: costBound)
        var search = TimeSearch(network, goal: goal, limit: Network.forever, cap: Network.none, meter: work)
        let bound = search.search()
        work = search.meter
        return (search.best.map { network.assignment($0.options) }, bound)
    }

    private mutating func fastestOfLoops(budget: Int64, known: Assignment?) -> Answer<Assignment> {
        guard budget < Network.none else { return fastestOfLoops(known: known) }
        // The cheapest plan is within any budget that some plan is within.
        var start = known
        if start == nil {
            let cheapest = cheapestAtAnyPace(limit: Network.forever, known: nil)
            guard let plan = cheapest.plan, plan.cost <= budget else {
                return Answer(plan: nil, isProven: cheapest.costBound > budget)
            }
            start = plan
        }
        guard let start else { return Answer(plan: nil, isProven: false) }
        var solver = self
        let quick = work.lending(Self.quickSteps) { part in
            solver.work = part
            let answer = solver.fastestOfLoops(known: start)
            part = solver.work
            return answer
        }
        return fastest(budget: budget, known: start, impossible: quick.timeBound - 1)
    }

    /// At any price.
    private mutating func fastestOfLoops(known: Assignment?) -> Answer<Assignment> {
        let limit = known.map { $0.time - 1 } ?? Network.forever
        var search = TimeSearch(network, goal: .fastest, limit: limit, cap: Network.none, meter: work)
        _ = search.search()
        work = search.meter
        let plan = search.best.map { network.assignment($0.options) } ?? known
        return Answer(
            plan: plan, isProven: !search.isExhausted,
            timeBound: search.isExhausted
                ? min(search.timeBound, plan?.time ?? .max) : plan?.time ?? search.timeBound)
    }

    /// No plan within the budget ends by `impossible`.
    private mutating func fastest(budget: Int64, known: Assignment, impossible: Int64) -> Answer<Assignment> {
        var search = BudgetSearch(network, budget: budget, known: known, impossible: impossible, meter: work)
        search.search()
        work = search.meter
        return Answer(
            plan: network.assignment(search.best.options), isProven: search.isProven,
            isBestOfEquals: search.isBestOfEquals, timeBound: search.timeBound)
    }

    /// Also for options of a forest, which may have a root of its own at the end.
    private func assignment(_ options: [Int]) -> Assignment {
        network.assignment(Array(options.prefix(network.nodes.count)))
    }
}

extension Solver {
    /// The hint with its gap filled in the best way, if there is just one and any way is acceptable.
    private func hinted(
        _ isBetter: (Assignment) -> (Assignment) -> Bool, _ isAcceptable: (Assignment) -> Bool
    ) -> Assignment? {
        guard let hint, let gap = hint.firstIndex(of: -1), hint.lastIndex(of: -1) == gap else { return nil }
        var best: Assignment?
        for option in network.nodes[gap].options.indices {
            var options = hint
            options[gap] = option
            let next = network.assignment(options)
            guard isAcceptable(next) else { continue }
            if let known = best, !isBetter(next)(known) { continue }
            best = next
        }
        return best
    }

    /// Changes one node at a time for as long as that makes the assignment better.
    private func descended(
        _ start: Assignment, _ isBetter: (Assignment) -> (Assignment) -> Bool,
        while isAcceptable: (Assignment) -> Bool
    ) -> Assignment {
        var best = start
        var improved = true
        while improved {
            improved = false
            for v in network.nodes.indices {
                for option in network.nodes[v].options.indices where option != best.options[v] {
                    var options = best.options
                    options[v] = option
                    let next = network.assignment(options)
                    guard isBetter(next)(best), isAcceptable(next) else { continue }
                    best = next
                    improved = true
                }
            }
        }
        return best
    }
}
