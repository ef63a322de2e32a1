/// Finds the cheapest and the fastest assignments of a network, exactly as long as `work` lasts.
struct Solver {
    private let network: Network
    private let shape: Shape
    /// A good plan for nearly the same network, as options per node; -1 where it says nothing.
    private let hint: [Int]?
    private var work: Meter
    private var knownCostBound: Int64?
    /// No assignment ends sooner.
    let timeBound: Int64

    private enum Shape {
        case forest(Forest, Forest.CostMessages)
        case loops(QuickestTransfers)
    }

    init(_ network: Network, effort: Effort, hint: [Int]? = nil) {
        self.network = network
        work = Meter(effort)
        self.hint = hint
        let quickest = QuickestTransfers(network)
        let undecided = [Int](repeating: -1, count: network.nodes.count)
        timeBound =
            Windows(network, fixed: undecided, limit: Network.forever, quickest: quickest).makespanBound
        let links = network.edges.map { (from: $0.from, to: $0.to) }
        guard GraphShape.spanningForest(links, nodeCount: network.nodes.count).count == links.count else {
            shape = .loops(quickest)
            return
        }
        let nodes = network.nodes.map {
            Forest.Node(options: $0.options, first: $0.first, cost: $0.entryCost, release: $0.entryTime)
        }
        let forest = Forest(nodes: nodes, edges: network.edges)
        shape = .forest(forest, forest.costMessages())
    }

    /// The cheapest assignment that ends by `limit` and, of those, the fastest.
    mutating func cheapest(limit: Int64 = Network.forever) -> Outcome {
        let known = hinted(Assignment.isCheaper) { $0.time <= limit || limit == Network.forever }
        var result = cheapestAtAnyPace(limit: limit, known: known)
        result.timeBound = timeBound
        guard let plan = result.plan, result.isProven, plan.time > timeBound else { return result }
        if let faster = fastestAtAnyPrice(budget: plan.cost, known: plan).plan, faster.isCheaper(than: plan) {
            result.plan = faster
        }
        return result
    }

    /// The fastest assignment that costs at most `budget` and, of those, the cheapest.
    mutating func fastest(budget: Int64 = Network.none) -> Outcome {
        let known = hinted(Assignment.isFaster) { $0.cost <= budget }
        let answer = fastestAtAnyPrice(budget: budget, known: known)
        var result = Outcome(plan: answer.plan, isProven: answer.isProven)
        result.timeBound = max(answer.timeBound, timeBound)
        result.costBound = costBound()
        guard let plan = result.plan else { return result }
        if let cheaper = cheapestAtAnyPace(limit: plan.time, known: plan).plan, cheaper.isFaster(than: plan) {
            result.plan = cheaper
        }
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

    /// `known`: an assignment that keeps the limit.
    private mutating func cheapestAtAnyPace(limit: Int64, known: Assignment?) -> Outcome {
        let cap = min(known?.cost ?? Network.none, Network.none - 1)
        switch shape {
        case .forest(let forest, let costs):
            let answer = forest.cheapest(costs, limit: limit, cap: cap, work: &work) { [network] in
                limit == Network.forever || network.assignment($0).time <= limit
            }
            let plan = answer.plan.map(assignment) ?? known
            let bound = answer.isProven ? plan?.cost ?? costs.best : costs.best
            return Outcome(plan: plan, isProven: answer.isProven, costBound: bound)
        case .loops(let quickest):
            var search = BranchAndBound(network, goal: .cheapest, limit: limit, cap: cap, quickest: quickest)
            search.search(work: &work)
            if !search.isExhausted {
                let bound = search.best?.cost ?? search.costBound
                return Outcome(plan: search.best ?? known, isProven: true, costBound: bound)
            }
            let rough = search.best ?? known ?? search.rough.map { descended($0, Assignment.isFaster) { _ in true } }
            let start = rough.flatMap { $0.time <= limit || limit == Network.forever ? $0 : nil }
            let plan = start.map { descended($0, Assignment.isCheaper) { $0.time <= limit } }
            return Outcome(plan: plan, isProven: plan?.cost == search.costBound, costBound: search.costBound)
        }
    }

    /// `known`: an assignment within the budget.
    private mutating func fastestAtAnyPrice(budget: Int64, known: Assignment?) -> Answer<Assignment> {
        switch shape {
        case .forest(let forest, let costs):
            let start = known ?? forest.cheapestOptions(costs).map(assignment)
            guard let start, start.cost <= budget else { return Answer(plan: nil, isProven: true) }
            let answer = forest.fastest(
                costs, budget: budget, known: (start.options, start.time), work: &work
            ) { [network] in network.assignment($0).time }
            return Answer(
                plan: answer.plan.map(assignment), isProven: answer.isProven, timeBound: answer.timeBound)
        case .loops(let quickest):
            let start =
                known.map { Outcome(plan: $0, isProven: true) }
                ?? cheapestAtAnyPace(limit: Network.forever, known: nil)
            guard let plan = start.plan, plan.cost <= budget else { return Answer(plan: nil, isProven: start.isProven) }
            let quick = descended(plan, Assignment.isFaster) { $0.cost <= budget }
            return narrowedDown(from: quick, budget: budget, quickest)
        }
    }

    private mutating func narrowedDown(
        from known: Assignment, budget: Int64, _ quickest: QuickestTransfers
    ) -> Answer<Assignment> {
        var search = TimeLimitSearch(plan: known, time: known.time, impossible: timeBound - 1)
        while let limit = search.next {
            var attempt = BranchAndBound(network, goal: .anyWithinCap, limit: limit, cap: budget, quickest: quickest)
            attempt.search(work: &work)
            if let found = attempt.best {
                search.found(found, time: found.time, within: limit)
            } else if attempt.isExhausted {
                return Answer(plan: search.plan, isProven: false, timeBound: search.bound)
            } else {
                search.failed(limit)
            }
        }
        return Answer(plan: search.plan, isProven: true, timeBound: search.time)
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
