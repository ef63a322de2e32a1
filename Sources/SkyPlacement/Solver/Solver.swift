/// Finds the cheapest and the fastest assignments of a network, exactly as long as `work` lasts.
struct Solver {
    private let network: Network
    private let quickest: QuickestTransfers
    /// The whole network, if it has no loops.
    private let forest: (forest: Forest, costs: Forest.CostMessages)?
    /// Elementary steps left.
    private var work: Int

    init(_ network: Network, work: Int) {
        self.network = network
        self.work = work
        quickest = QuickestTransfers(network)
        let links = network.edges.map { (from: $0.from, to: $0.to) }
        if GraphShape.spanningForest(links, nodeCount: network.nodes.count).count == links.count {
            let nodes = network.nodes.map {
                Forest.Node(options: $0.options, first: $0.first, cost: $0.entryCost, release: $0.entryTime)
            }
            let whole = Forest(nodes: nodes, edges: network.edges)
            forest = (whole, whole.costMessages())
        } else {
            forest = nil
        }
    }

    struct Cheapest {
        var answer: Answer<Assignment>
        /// No assignment that ends within the limit costs less.
        var bound: Int64
    }

    /// The cheapest assignment that ends by `limit` and, of those, the fastest.
    mutating func cheapest(limit: Int64 = Network.forever, cap: Int64 = Network.none) -> Cheapest {
        var result = cheapestAtAnyPace(limit: limit, cap: cap)
        guard let plan = result.answer.plan, result.answer.isProven, plan.time > 0 else { return result }
        if let faster = fastestAtAnyPrice(budget: plan.cost, known: plan).plan, faster.isCheaper(than: plan) {
            result.answer.plan = faster
        }
        return result
    }

    /// The fastest assignment that costs at most `budget` and, of those, the cheapest.
    mutating func fastest(budget: Int64 = Network.none) -> Answer<Assignment> {
        var result = fastestAtAnyPrice(budget: budget, known: nil)
        guard let plan = result.plan else { return result }
        if let cheaper = cheapestAtAnyPace(limit: plan.time, cap: plan.cost).answer.plan, cheaper.isFaster(than: plan) {
            result.plan = cheaper
        }
        return result
    }

    /// The least that any assignment costs, or a bound below it.
    mutating func costBound() -> Int64 {
        forest?.costs.best ?? cheapestAtAnyPace(limit: Network.forever, cap: Network.none).bound
    }

    private mutating func cheapestAtAnyPace(limit: Int64, cap: Int64) -> Cheapest {
        let cap = min(cap, Network.none - 1)
        if let (forest, costs) = forest {
            let answer = forest.cheapest(costs, limit: limit, cap: cap, work: &work) { [network] in
                limit == Network.forever || network.assignment($0).time <= limit
            }
            let plan = answer.plan.map(assignment)
            let bound = answer.isProven ? plan?.cost ?? costs.best : costs.best
            return Cheapest(answer: Answer(plan: plan, isProven: answer.isProven), bound: bound)
        }
        var search = BranchAndBound(network, goal: .cheapest, limit: limit, cap: cap, quickest: quickest)
        search.search(work: &work)
        guard search.isExhausted else {
            return Cheapest(
                answer: Answer(plan: search.best, isProven: true), bound: search.best?.cost ?? search.costBound)
        }
        let start = search.best ?? search.rough.map { descended($0, within: cap, Assignment.isFaster) }
        let plan = start.flatMap { $0.time <= limit && $0.cost <= cap ? $0 : nil }
        let better = plan.map { descended($0, until: limit, Assignment.isCheaper) }
        return Cheapest(
            answer: Answer(plan: better, isProven: better?.cost == search.costBound), bound: search.costBound)
    }

    private mutating func fastestAtAnyPrice(budget: Int64, known: Assignment?) -> Answer<Assignment> {
        if let (forest, costs) = forest {
            let answer = forest.fastest(costs, budget: budget, work: &work) { [network] in network.assignment($0).time }
            return Answer(plan: answer.plan.map(assignment), isProven: answer.isProven)
        }
        let start =
            known.map { Answer(plan: $0, isProven: true) }
            ?? cheapestAtAnyPace(limit: Network.forever, cap: budget).answer
        guard let plan = start.plan else { return start }
        let quick = descended(plan, within: budget, Assignment.isFaster)
        let undecided = [Int](repeating: -1, count: network.nodes.count)
        let windows = Windows(network, fixed: undecided, limit: Network.forever, quickest: quickest)
        var search = TimeLimitSearch(plan: quick, time: quick.time, impossible: windows.makespanBound - 1)
        while let limit = search.next {
            var attempt = BranchAndBound(
                network, goal: .anyWithinCap, limit: limit, cap: budget, quickest: quickest)
            attempt.search(work: &work)
            if let found = attempt.best {
                search.found(found, time: found.time)
            } else if attempt.isExhausted {
                return Answer(plan: search.plan, isProven: false)
            } else {
                search.failed(limit)
            }
        }
        return Answer(plan: search.plan, isProven: true)
    }

    private func assignment(_ options: [Int]) -> Assignment {
        network.assignment(Array(options.prefix(network.nodes.count)))
    }

    /// Changes one node at a time for as long as that makes the assignment better.
    private func descended(
        _ start: Assignment, within budget: Int64 = Network.none, until limit: Int64 = Network.none,
        _ isBetter: (Assignment) -> (Assignment) -> Bool
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
                    guard next.cost <= budget, next.time <= limit, isBetter(next)(best) else { continue }
                    best = next
                    improved = true
                }
            }
        }
        return best
    }
}
