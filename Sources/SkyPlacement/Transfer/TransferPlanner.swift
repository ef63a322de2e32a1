import SkyCatalog
public import SkyCore

/// One way to move an amount of data between two places, with what it costs and how long it takes.
public struct TransferPlan: Hashable, Sendable, Codable {
    /// The source, where the data is passed on, and the destination.
    public var route: [Location]
    /// In each place of the route. With one, the machines at both ends are those that hold and want the data anyway.
    public var machines: Int
    /// Between two neighbours of the route, all machines together.
    public var connections: Int
    /// 10⁹ bits per second, end to end.
    public var gigabitsPerSecond: Double
    /// To providers for traffic, hop by hop, and for the machines that are rented for it.
    public var egressCost: Money
    public var machineCost: Money
    /// From the start until all has arrived, machines' start included.
    public var time: TimeSpan

    public var cost: Money { egressCost + machineCost }
    public var relay: Location? { route.count > 2 ? route[1] : nil }
    public var isPlain: Bool { route.count == 2 && machines == 1 }
}

/// Finds what moving data between two places can cost and how fast it can go: directly or by way of a third region, by one
/// pair of machines or by several side by side. A value; nothing is asked of anybody.
///
/// The model is Skyplane's (Jain et al., NSDI 2023) for one route: machines have 64 connections each, a pair of them carries
/// what was measured but no more than either provider lets a machine send or take, so many pairs carry so many times that,
/// and data is passed on as it comes. Traffic is paid hop by hop.
public struct TransferPlanner<Facts: TransferFacts>: Sendable {
    private let facts: Facts
    private let limits: TransferLimits

    public init(_ facts: Facts, limits: TransferLimits = TransferLimits()) {
        self.facts = facts
        self.limits = limits
    }

    /// Connections of one machine, with which the rates were measured.
    public static var connectionsPerMachine: Int { 64 }

    /// Ways of which none is both cheaper and faster than another, the cheapest first. Never empty: the plain way is always
    /// one that can be gone, though another may beat it.
    public func curve(of size: DataSize, from source: Location, to target: Location) -> [TransferPlan] {
        guard size > .zero, source != target else { return [plain(size, source, target)] }
        var plans = [plain(size, source, target)]
        for route in routes(from: source, to: target) {
            for count in 1...max(limits.mostMachines, 1) {
                if let plan = plan(size, route, machines: count) { plans.append(plan) }
            }
        }
        return Self.front(plans)
    }

    /// The direct route, and those by a relay that may be used.
    private func routes(from source: Location, to target: Location) -> [[Location]] {
        let direct = [[source, target]]
        guard limits.allowsRelays else { return direct }
        let plain = pairRate(source, target)
        let price = facts.pricePerGigabyte(from: source, to: target)
        return direct
            + facts.relays.filter { relay in
                guard relay != source, relay != target, isAllowed(relay), let first = pairRate(source, relay),
                    let second = pairRate(relay, target)
                else { return false }
                guard let plain, min(first, second) <= plain else { return true }
                // Slower than directly: of use only where it is cheaper.
                return facts.pricePerGigabyte(from: source, to: relay) + facts.pricePerGigabyte(from: relay, to: target)
                    < price
            }.map { [source, $0, target] }
    }

    /// Of one pair of machines; nil where nobody measured or nobody knows what they may carry.
    private func pairRate(_ from: Location, _ to: Location) -> Double? {
        guard let measured = facts.measuredGigabitsPerSecond(from: from, to: to),
            let sender = facts.transferMachine(at: from), let receiver = facts.transferMachine(at: to)
        else { return nil }
        return min(measured, sender.gbpsOut, receiver.gbpsIn)
    }

    /// Where data must stay, it must not even pass through elsewhere: in each list of areas the relay is in one.
    func isAllowed(_ relay: Location) -> Bool {
        let areas = facts.areas(of: relay)
        return limits.areas.allSatisfy { !areas.isDisjoint(with: $0) }
    }

    /// What there is without planning: the two machines that hold and want the data, at the rate that the catalog has.
    private func plain(_ size: DataSize, _ source: Location, _ target: Location) -> TransferPlan {
        let rate = facts.gigabitsPerSecond(from: source, to: target)
        return TransferPlan(
            route: [source, target], machines: 1, connections: Self.connectionsPerMachine, gigabitsPerSecond: rate,
            egressCost: size > .zero ? max(facts.price(of: size, from: source, to: target), .zero) : .zero,
            machineCost: .zero, time: Self.time(of: size, at: rate))
    }

    /// Nil for what nobody measured, or where nobody knows what a machine costs and may carry.
    private func plan(_ size: DataSize, _ route: [Location], machines count: Int) -> TransferPlan? {
        let hops = zip(route, route.dropFirst())
        var rate = Double.infinity
        var egress = Money.zero
        for (from, to) in hops {
            guard let pair = pairRate(from, to) else { return nil }
            rate = min(rate, Double(count) * pair)
            egress += max(facts.price(of: size, from: from, to: to), .zero)
        }
        // One pair that is not passed on is the plain way, at the rate that is measured.
        guard rate > 0, !(count == 1 && route.count == 2) else { return nil }
        let moving = Self.time(of: size, at: rate)
        var cost = Money.zero
        var start = TimeSpan.zero
        for (index, place) in route.enumerated() {
            // At both ends one machine is there anyway.
            let rented = index == 0 || index == route.count - 1 ? count - 1 : count
            guard rented > 0, let machine = facts.transferMachine(at: place) else { continue }
            let terms = facts.terms(of: place.provider)
            cost += machine.pricePerHour.perHour(for: terms.billed(for: terms.bootTime + moving)) * rented
            start = max(start, terms.bootTime)
        }
        return TransferPlan(
            route: route, machines: count, connections: count * Self.connectionsPerMachine, gigabitsPerSecond: rate,
            egressCost: egress, machineCost: cost, time: start + moving)
    }

    /// In whole milliseconds, rounded up.
    private static func time(of size: DataSize, at gigabits: Double) -> TimeSpan {
        guard size > .zero else { return .zero }
        guard gigabits > 0 else { return DurationModel.longest }
        let milliseconds = (Double(size.bytes) * 8 / (gigabits * 1e6)).rounded(.up)
        return min(TimeSpan(milliseconds: Int64(min(milliseconds, 1e15))), DurationModel.longest)
    }

    /// Of equals the one with fewer places, then with fewer machines, then by name.
    private static func front(_ plans: [TransferPlan]) -> [TransferPlan] {
        let sorted = plans.sorted { a, b in
            (a.cost, a.time, a.route.count, a.machines) != (b.cost, b.time, b.route.count, b.machines)
                ? (a.cost, a.time, a.route.count, a.machines) < (b.cost, b.time, b.route.count, b.machines)
                : a.route.lexicographicallyPrecedes(b.route)
        }
        var front: [TransferPlan] = []
        for plan in sorted where front.last.map({ plan.time < $0.time }) ?? true { front.append(plan) }
        return front
    }
}

/// What a transfer may use.
public struct TransferLimits: Hashable, Sendable {
    /// In one place, those that are there anyway included.
    public var mostMachines: Int
    public var allowsRelays: Bool
    /// Lists of areas, in each of which the data has to stay: `[["eu"]]`.
    public var areas: [[String]]

    public init(mostMachines: Int = 8, allowsRelays: Bool = true, areas: [[String]] = []) {
        self.mostMachines = mostMachines
        self.allowsRelays = allowsRelays
        self.areas = areas
    }
}

extension [TransferPlan] {
    /// Of a curve the cheapest that is done within `limit`; nil when none is.
    public func cheapest(within limit: TimeSpan) -> TransferPlan? { first { $0.time <= limit } }

    /// Of a curve the fastest that costs at most `limit`; nil when none does.
    public func fastest(within limit: Money) -> TransferPlan? { last { $0.cost <= limit } }

    /// Of a curve the one with the least cost plus time, an hour of which is worth `perHour`.
    public func best(perHour: Money) -> TransferPlan? {
        self.min { a, b in
            (a.cost + perHour.perHour(for: a.time), a.time) < (b.cost + perHour.perHour(for: b.time), b.time)
        }
    }
}
