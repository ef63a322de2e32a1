/// One sweep over a forest that carries, for every node and place, the whole trade-off between cost and time.
///
/// A node that feeds its parent offers (cost, finish); one that is fed by it offers (cost, latest start, negated). Both
/// hold only for ways in which everything in the node's subtree ends within the limit, so that at the root nothing is
/// left to check. Ways that cannot become part of a plan within `cap` and the limit are dropped as early as possible.
struct LabelPass {
    /// A way to have the subtree of a node, seen from the node.
    private struct Way: Step {
        var cost: Int64
        var tau: Int64
        var option: Int
        /// What children that feed the node, and children that it feeds, have to keep (as their `tau`).
        var inBound: Int64
        var outBound: Int64
    }

    /// The same, seen from the parent's place.
    private struct Message: Step {
        var cost: Int64
        var tau: Int64
        var place: Int
        var way: Int
    }

    private let forest: Forest
    private let costs: Forest.CostMessages
    private let times: Forest.TimeMessages
    /// No plan may end later.
    private let limit: Int64
    private let cap: Int64
    private let width: Int
    private var ways: [[[Way]]]
    private var messages: [[[Message]]]
    /// Whether steps were left out because of `width`: the result is then a plan, but maybe not the best.
    private(set) var isTruncated = false

    /// `times` must have been made with the same limit.
    init(
        _ forest: Forest, costs: Forest.CostMessages, times: Forest.TimeMessages, limit: Int64, cap: Int64,
        width: Int = .max
    ) {
        self.forest = forest
        self.costs = costs
        self.times = times
        self.limit = limit
        self.cap = cap
        self.width = width
        ways = [[[Way]]](repeating: [], count: forest.nodes.count)
        messages = [[[Message]]](repeating: [], count: forest.nodes.count)
    }

    /// Sweeps to the end, whatever it takes.
    mutating func sweepUnmetered(_ work: inout Meter) {
        for v in forest.order.reversed() where v != forest.root { sweep(v, &work) }
    }

    /// Returns false when `work` was used up before the sweep was over.
    mutating func sweep(work: inout Meter) -> Bool {
        for v in forest.order.reversed() where v != forest.root {
            sweep(v, &work)
            guard !work.isOver else { return false }
        }
        return true
    }

    private mutating func sweep(_ v: Int, _ work: inout Meter) {
        ways[v] = forest.nodes[v].cost.indices.map { place in
            isUsable(v, place) ? waysToBe(v, at: place, &work) : []
        }
        messages[v] = forest.nodes[forest.nodes[v].parent].cost.indices.map { place in
            isUsable(forest.nodes[v].parent, place) ? tell(parentAt: place, about: v, &work) : []
        }
    }

    private func isUsable(_ v: Int, _ place: Int) -> Bool {
        costs.total[v][place] <= cap && times.isAlive(v, place, forest.nodes[v])
    }

    /// The combined trade-offs of the children that feed `v` and of those that it feeds.
    private func childSteps(_ v: Int, _ place: Int) -> (ins: [PlainStep], outs: [PlainStep]) {
        var ins = [PlainStep.free]
        var outs = [PlainStep.free]
        for child in forest.nodes[v].children {
            if forest.nodes[child].feedsParent {
                ins = combined(ins, messages[child][place])
            } else {
                outs = combined(outs, messages[child][place])
            }
        }
        return (ins, outs)
    }

    private func waysToBe(_ v: Int, at place: Int, _ work: inout Meter) -> [Way] {
        let (ins, outs) = childSteps(v, place)
        let node = forest.nodes[v]
        var result: [Way] = []
        for option in node.options(at: place) {
            let cost = Network.plus(node.options[option].cost, node.cost[place])
            let time = node.options[option].time
            work.spend(ins.count + outs.count)
            if node.feedsParent || v == forest.root {
                for step in ins {
                    let finish = max(step.tau, node.release[place]) + time
                    guard finish <= limit, let out = outs.cheapest(upTo: -finish) else { break }
                    let sum = Network.plus(cost, Network.plus(step.cost, outs[out].cost))
                    result.climb(
                        Way(cost: sum, tau: finish, option: option, inBound: step.tau, outBound: -finish))
                }
            } else {
                for step in outs {
                    let start = min(-step.tau, limit) - time
                    guard start >= node.release[place], let into = ins.cheapest(upTo: start) else { break }
                    let sum = Network.plus(cost, Network.plus(step.cost, ins[into].cost))
                    result.climb(
                        Way(cost: sum, tau: -start, option: option, inBound: start, outBound: step.tau))
                }
            }
        }
        return result
    }

    private mutating func tell(parentAt place: Int, about v: Int, _ work: inout Meter) -> [Message] {
        let node = forest.nodes[v]
        let parent = forest.nodes[node.parent]
        let least = parent.leastTime(at: place)
        let latest =
            node.feedsParent
            ? times.limit[node.parent][place] - least : -(times.start[node.parent][place] + least)
        let room = cap - (costs.total[node.parent][place] - costs.up[v][place])
        var result: [Message] = []
        for (own, list) in ways[v].enumerated() {
            guard let fastest = list.first, let cheapest = list.last else { continue }
            let cell = own * node.strides.own + place * node.strides.parents
            let cost = node.parentTable?.cost(at: cell) ?? 0
            let time = node.parentTable?.time(at: cell) ?? 0
            work.spend(1)
            guard fastest.tau + time <= latest, cheapest.cost + cost <= room,
                !result.beats(cost: cheapest.cost + cost, tau: fastest.tau + time)
            else { continue }
            for (index, way) in list.enumerated() {
                guard way.tau + time <= latest else { break }
                work.spend(1)
                guard way.cost + cost <= room else { continue }
                result.climb(Message(cost: way.cost + cost, tau: way.tau + time, place: own, way: index))
            }
        }
        if width < .max, result.thin(to: width) { isTruncated = true }
        return result
    }

    /// The cheapest plan, and of the cheapest one that ends early at the root; nil if none is within `cap`.
    func cheapest() -> [Int]? {
        var unmetered = Meter(.steps(.max))
        var best: (way: Way, place: Int)?
        for place in forest.nodes[forest.root].cost.indices where isUsable(forest.root, place) {
            guard let way = waysToBe(forest.root, at: place, &unmetered).last, way.cost <= cap else { continue }
            if let known = best, (known.way.cost, known.way.tau) <= (way.cost, way.tau) { continue }
            best = (way, place)
        }
        return best.map { options(for: $0.way, at: $0.place) }
    }

    /// A plan within `cap` that leaves the most time at the root; nil if none is within `cap`.
    func slackest() -> [Int]? {
        var best: (way: Way, place: Int, slack: Int64)?
        let root = forest.nodes[forest.root]
        for place in root.cost.indices where isUsable(forest.root, place) {
            let (ins, outs) = childSteps(forest.root, place)
            for option in root.options(at: place) {
                let cost = Network.plus(root.options[option].cost, root.cost[place])
                for step in ins {
                    let finish = max(step.tau, root.release[place]) + root.options[option].time
                    guard let out = outs.first(where: { cost + step.cost + $0.cost <= cap }) else { continue }
                    let slack = min(-out.tau, limit) - finish
                    guard slack >= 0, slack > best?.slack ?? -1 else { continue }
                    let way = Way(
                        cost: cost + step.cost + out.cost, tau: finish, option: option, inBound: step.tau,
                        outBound: out.tau)
                    best = (way, place, slack)
                }
            }
        }
        return best.map { options(for: $0.way, at: $0.place) }
    }

    /// Follows the messages back down from the root.
    private func options(for rootWay: Way, at rootPlace: Int) -> [Int] {
        var chosen = [rootWay.option] + [Int](repeating: 0, count: forest.nodes.count - 1)
        var open = [(node: forest.root, way: rootWay, place: rootPlace)]
        chosen[forest.root] = rootWay.option
        while let (v, way, place) = open.popLast() {
            for child in forest.nodes[v].children {
                let list = messages[child][place]
                let bound = forest.nodes[child].feedsParent ? way.inBound : way.outBound
                guard let index = list.cheapest(upTo: bound) else { preconditionFailure("a way without its children") }
                let message = list[index]
                let childWay = ways[child][message.place][message.way]
                chosen[child] = childWay.option
                open.append((child, childWay, message.place))
            }
        }
        return chosen
    }
}
