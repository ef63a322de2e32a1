import SkyCore
import Synchronization

/// Ways of moving data between any two places, worked out when somebody asks and then remembered.
public final class TransferCurves: Sendable {
    private struct Key: Hashable {
        var size: DataSize
        var from: Location
        var to: Location
        var areas: [[String]]
    }

    private let curve: @Sendable (DataSize, Location, Location, [[String]]) -> [TransferPlan]
    private let known = Mutex<[Key: [TransferPlan]]>([:])

    /// - Parameter limits: those of data that may be anywhere; areas of artifacts come on top.
    public init(_ facts: some TransferFacts, limits: TransferLimits) {
        curve = { size, from, to, areas in
            var own = limits
            own.areas += areas
            return TransferPlanner(facts, limits: own).curve(of: size, from: from, to: to)
        }
    }

    /// Never empty; the cheapest first.
    func callAsFunction(_ size: DataSize, from: Location, to: Location, areas: [[String]]) -> [TransferPlan] {
        let key = Key(size: size, from: from, to: to, areas: areas)
        if let curve = known.withLock({ $0[key] }) { return curve }
        let found = curve(size, from, to, areas)
        known.withLock { $0[key] = found }
        return found
    }
}

/// Which way large artifacts go, where a plan may choose.
struct TransferChoice: Sendable {
    enum Rule: Hashable, Sendable {
        /// The one with the least cost plus time, an hour of which is worth so much.
        case perHour(Money)
        case fastest
        /// As cheap as the cheapest and as fast as the fastest: no plan is better than with this.
        case bound
    }

    /// Smaller ones always go the plain way: a machine's start takes longer.
    static let leastSize = DataSize(bytes: 1_000_000_000)

    let curves: TransferCurves
    /// By flow: where the data has to stay.
    let areas: [[[String]]]
    /// Nil: the plain way, as if there were no choice.
    var rule: Rule?
    /// By flow: its number on the curve, whatever the rule says.
    var picked: [Int: Int] = [:]

    /// Nil for the plain way.
    func curve(of flow: Int, _ size: DataSize, from: Location, to: Location) -> [TransferPlan]? {
        guard rule != nil, size >= Self.leastSize, from != to else { return nil }
        return curves(size, from: from, to: to, areas: areas[flow])
    }

    func plan(_ flow: Int, on curve: [TransferPlan]) -> TransferPlan? {
        if let number = picked[flow] { return curve[min(number, curve.count - 1)] }
        return switch rule {
        case .perHour(let worth): curve.best(perHour: worth)
        case .fastest: curve.last
        case .bound, nil: curve.first
        }
    }
}

extension PlacementProblem {
    /// What an artifact's way costs, how long it takes, and which it is if not the plain one.
    func crossing(
        of flow: Int, size: DataSize, from source: Int, to target: Int
    ) -> (cost: Money, time: TimeSpan, way: TransferPlan?) {
        let (from, to) = (geography.locations[source], geography.locations[target])
        guard let choice = transferChoice, let curve = choice.curve(of: flow, size, from: from, to: to),
            var plan = choice.plan(flow, on: curve)
        else {
            return (
                geography.cost(of: size, from: source, to: target), geography.time(of: size, from: source, to: target),
                nil
            )
        }
        if choice.rule == .bound { return (plan.cost, curve.last?.time ?? plan.time, nil) }
        // More or less than expected goes the way that was planned.
        if size != flows[flow].size, let usual = choice.curve(of: flow, flows[flow].size, from: from, to: to),
            let planned = choice.plan(flow, on: usual),
            let same = curve.first(where: { $0.route == planned.route && $0.machines == planned.machines })
        {
            plan = same
        }
        return (plan.cost, plan.time, plan.isPlain ? nil : plan)
    }

    /// The problem in which large artifacts go as the rule says.
    func going(_ rule: TransferChoice.Rule) -> PlacementProblem {
        var problem = self
        problem.transferChoice?.rule = rule
        problem.transferChoice?.picked = [:]
        let large = Set(flows.indices.filter { flows[$0].size >= TransferChoice.leastSize })
        for index in network.edges.indices {
            let edge = network.edges[index]
            let moved = flows.indices.filter {
                flows[$0].source == .stage(edge.from) && flows[$0].reader == edge.to && flows[$0].size > .zero
            }
            guard !large.isDisjoint(with: moved) else { continue }
            problem.network.edges[index].table = problem.table(of: moved, edge)
        }
        for node in network.nodes.indices {
            let brought = flows.indices.filter { index in
                guard case .place = flows[index].source else { return false }
                return flows[index].reader == node && flows[index].size > .zero
            }
            guard !large.isDisjoint(with: brought) else { continue }
            let sums = geography.placesOfStage[node].map {
                problem.sum(of: brought, into: $0) { geography.origin(of: $0, []) }
            }
            problem.network.nodes[node].entryCost = sums.map(\.cost)
            problem.network.nodes[node].entryTime = sums.map(\.time)
        }
        return problem
    }

    private func table(of moved: [Int], _ edge: Network.Edge) -> TransferTable {
        let targets = geography.placesOfStage[edge.to]
        var (cost, time): ([Int64], [Int64]) = ([], [])
        for source in geography.placesOfStage[edge.from] {
            for target in targets {
                let sum = sum(of: moved, into: target) { _ in source }
                cost.append(sum.cost)
                time.append(sum.time)
            }
        }
        return TransferTable(columns: targets.count, cost: cost, time: time)
    }

    /// Several artifacts on one way each have to be paid for, and travel side by side.
    private func sum(
        of moved: [Int], into target: Int, from origin: (Flow.Source) -> Int
    ) -> (cost: Int64, time: Int64) {
        moved.reduce(into: (cost: Int64(0), time: Int64(0))) { sum, index in
            let one = crossing(of: index, size: flows[index].size, from: origin(flows[index].source), to: target)
            sum = (
                Network.plus(sum.cost, min(one.cost.nanodollars, Network.none)), max(sum.time, one.time.milliseconds)
            )
        }
    }
}
