/// Exact search over networks with loops: decides nodes one by one, the loops' first, and solves what is left as a
/// forest in which loops that are still there are cut open. That relaxation is never dearer or slower than the best
/// plan, so a branch whose relaxation is no better than the best known plan is not followed.
///
/// A network without loops is solved by the very first relaxation.
struct BranchAndBound {
    enum Goal {
        /// The cheapest plan.
        case cheapest
        /// Any plan within the cap.
        case anyWithinCap
    }

    private let network: Network
    private let goal: Goal
    private let limit: Int64
    private var cap: Int64
    private let edges: [Network.Edge]
    private let branching: [Int]
    private let quickest: QuickestTransfers
    private(set) var best: Assignment?
    /// The first plan seen, which may be too late or too dear: something to start improving from.
    private(set) var rough: Assignment?
    /// Of every plan, whether or not the search came to its end.
    private(set) var costBound: Int64 = 0
    private(set) var isExhausted = false

    /// Without a limit time is no matter: edges that move nothing of cost drop out.
    private var watchesTime: Bool { limit < Network.forever }

    /// Looks for plans that end by `limit` (`Network.forever`: whenever) and cost at most `cap`.
    init(_ network: Network, goal: Goal, limit: Int64, cap: Int64, quickest: QuickestTransfers) {
        self.network = network
        self.goal = goal
        self.limit = limit
        self.cap = min(cap, Network.none - 1)
        self.quickest = quickest
        let watchesTime = limit < Network.forever
        edges = network.edges.filter { edge in watchesTime || !(edge.table?.isFree ?? true) }
        let counts = network.nodes.map { watchesTime ? $0.options.count : $0.placeCount }
        let cutset = GraphShape.loopCutset(edges.map { ($0.from, $0.to) }, optionCounts: counts)
        branching = cutset + network.order.filter { !cutset.contains($0) }
    }

    mutating func search(work: inout Meter) {
        explore(fixed: [Int](repeating: -1, count: network.nodes.count), depth: 0, &work)
    }

    private var isDone: Bool { isExhausted || (goal == .anyWithinCap && best != nil) }

    private mutating func explore(fixed: [Int], depth: Int, _ work: inout Meter) {
        guard !isDone, let relaxed = relax(fixed: fixed, next: depth, &work) else { return }
        if depth == 0 { costBound = relaxed.bound }
        if let options = relaxed.options {
            let plan = network.assignment(options)
            rough = rough ?? plan
            consider(plan)
            if relaxed.isExact, plan.time <= limit || !watchesTime, plan.cost <= relaxed.bound { return }
        }
        guard depth < branching.count else { return }
        let v = branching[depth]
        for child in children(of: v, relaxed) {
            guard !isDone else { return }
            guard child.bound <= cap else { continue }
            guard !work.isOver else {
                isExhausted = true
                return
            }
            var fixed = fixed
            fixed[v] = child.option
            explore(fixed: fixed, depth: depth + 1, &work)
        }
    }

    /// Takes note of a plan; from then on only cheaper ones count.
    private mutating func consider(_ plan: Assignment) {
        guard plan.time <= limit || !watchesTime, plan.cost <= cap else { return }
        best = plan
        if goal == .cheapest { cap = plan.cost - 1 }
    }

    /// What deciding `v` can come to at least, the most promising first.
    private func children(of v: Int, _ relaxed: Relaxation) -> [(option: Int, bound: Int64)] {
        let node = network.nodes[v]
        var result: [(option: Int, bound: Int64)] = []
        for place in 0..<node.placeCount {
            let range = node.first[place]..<node.first[place + 1]
            guard let last = range.last else { continue }
            // Time aside only the cheapest option of a place matters.
            for option in watchesTime ? range : last..<last + 1 {
                let extra = node.options[option].cost - node.options[last].cost
                result.append((option, Network.plus(relaxed.marginal[place], extra)))
            }
        }
        return result.sorted { ($0.bound, $0.option) < ($1.bound, $1.option) }
    }

    private struct Relaxation {
        /// Nil if a plan surely cannot be read off.
        var options: [Int]?
        /// No plan with these nodes decided costs less.
        var bound: Int64
        /// Whether `bound` is the cost of `options` in the relaxation, and not only below it.
        var isExact: Bool
        /// Per place of the next node to decide: no plan with it there costs less.
        var marginal: [Int64]
    }

    /// Nil if no plan within cap and limit has these nodes decided like this.
    private mutating func relax(fixed: [Int], next depth: Int, _ work: inout Meter) -> Relaxation? {
        let windows = watchesTime ? Windows(network, fixed: fixed, limit: limit, quickest: quickest) : nil
        if let windows, !windows.isPossible { return nil }
        let decided = decidedCost(fixed)
        guard decided <= cap else { return nil }
        let members = fixed.indices.filter { fixed[$0] < 0 }
        guard !members.isEmpty else { return Relaxation(options: fixed, bound: decided, isExact: true, marginal: []) }
        let forest = forest(of: members, fixed: fixed, windows)
        let costs = forest.costMessages()
        work.spend(costs.total.reduce(0) { $0 + $1.count * $1.count })
        let bound = Network.plus(decided, costs.best)
        guard bound <= cap else { return nil }
        if goal == .anyWithinCap, cap >= Network.none - 1 {
            let alive = costs.total.map { $0.map { $0 < Network.none } }
            guard let options = forest.timeMessages(limit: limit, alive: alive, bothWays: false).options else {
                return nil
            }
            return Relaxation(
                options: merged(options, members, into: fixed), bound: bound, isExact: false,
                marginal: marginals(costs, members, depth, decided))
        }
        let answer = forest.cheapest(costs, limit: limit, cap: cap - decided, work: &work) { options in
            guard watchesTime else { return true }
            return network.assignment(merged(options, members, into: fixed)).time <= limit
        }
        if answer.plan == nil, answer.isProven { return nil }
        if !answer.isProven { isExhausted = true }
        let options = answer.plan.map { merged($0, members, into: fixed) }
        let exact = answer.isProven ? options.map { relaxedCost($0, fixed) } : nil
        return Relaxation(
            options: options, bound: max(bound, exact ?? 0), isExact: exact != nil,
            marginal: marginals(costs, members, depth, decided))
    }

    private func marginals(_ costs: Forest.CostMessages, _ members: [Int], _ depth: Int, _ decided: Int64) -> [Int64] {
        guard depth < branching.count, let index = members.firstIndex(of: branching[depth]) else { return [] }
        return costs.total[index].map { Network.plus($0, decided) }
    }

    /// Cost of the decided nodes and of what moves between them.
    private func decidedCost(_ fixed: [Int]) -> Int64 {
        var cost: Int64 = 0
        for (v, node) in network.nodes.enumerated() where fixed[v] >= 0 {
            let option = node.options[fixed[v]]
            cost = Network.plus(cost, Network.plus(option.cost, node.entryCost[option.place]))
        }
        for edge in edges where fixed[edge.from] >= 0 && fixed[edge.to] >= 0 {
            cost = Network.plus(cost, crossing(edge, fixed))
        }
        return cost
    }

    private func crossing(_ edge: Network.Edge, _ options: [Int]) -> Int64 {
        guard let table = edge.table else { return 0 }
        let from = network.nodes[edge.from].options[options[edge.from]].place
        let to = network.nodes[edge.to].options[options[edge.to]].place
        return table.cost[table.index(from: from, to: to)]
    }

    private func merged(_ options: [Int], _ members: [Int], into fixed: [Int]) -> [Int] {
        var result = fixed
        for (v, option) in zip(members, options) { result[v] = option }
        return result
    }

    /// What the relaxation pays for `options`: all but the transfers of edges that it cut.
    private func relaxedCost(_ options: [Int], _ fixed: [Int]) -> Int64 {
        let open = openEdges(fixed)
        let kept = Set(GraphShape.spanningForest(open.map { ($0.from, $0.to) }, nodeCount: fixed.count))
        let cut = open.indices.filter { !kept.contains($0) }
        return cut.reduce(network.assignment(options).cost) { $0 - crossing(open[$1], options) }
    }

    /// Edges between undecided nodes, those with something to pay first.
    private func openEdges(_ fixed: [Int]) -> [Network.Edge] {
        let open = edges.filter { fixed[$0.from] < 0 && fixed[$0.to] < 0 }
        return open.filter { !($0.table?.isFree ?? true) } + open.filter { $0.table?.isFree ?? true }
    }

    private func forest(of members: [Int], fixed: [Int], _ windows: Windows?) -> Forest {
        var position = [Int](repeating: -1, count: fixed.count)
        for (index, v) in members.enumerated() { position[v] = index }
        var nodes = members.map { v in
            let node = network.nodes[v]
            return Forest.Node(
                options: node.options, first: node.first, cost: node.entryCost,
                release: windows?.release[v] ?? node.entryTime, due: windows?.due[v])
        }
        for edge in edges {
            guard let table = edge.table else { continue }
            if fixed[edge.from] >= 0, fixed[edge.to] < 0 {
                let row = network.nodes[edge.from].options[fixed[edge.from]].place
                for place in nodes[position[edge.to]].cost.indices {
                    let cost = table.cost[table.index(from: row, to: place)]
                    nodes[position[edge.to]].cost[place] = Network.plus(nodes[position[edge.to]].cost[place], cost)
                }
            } else if fixed[edge.from] < 0, fixed[edge.to] >= 0 {
                let column = network.nodes[edge.to].options[fixed[edge.to]].place
                for place in nodes[position[edge.from]].cost.indices {
                    let cost = table.cost[table.index(from: place, to: column)]
                    nodes[position[edge.from]].cost[place] = Network.plus(nodes[position[edge.from]].cost[place], cost)
                }
            }
        }
        let open = openEdges(fixed)
        let kept = GraphShape.spanningForest(open.map { ($0.from, $0.to) }, nodeCount: fixed.count)
        let links = kept.map { index in
            Network.Edge(from: position[open[index].from], to: position[open[index].to], table: open[index].table)
        }
        return Forest(nodes: nodes, edges: links)
    }
}
