import SkyCatalog
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyPlacement

/// Rates, prices and machines that a test makes up.
struct MadeUpFacts: TransferFacts {
    struct Way: Hashable {
        var from: Location
        var to: Location
    }

    var prices: [Way: Money] = [:]
    var rates: [Way: Double] = [:]
    var machines: [Location: TransferMachine] = [:]
    var areasOf: [Location: Set<String>] = [:]
    var terms = RentalTerms(billingIncrement: .seconds(1), minimumBilled: .seconds(60), bootTime: .seconds(60))
    var relays: [Location] { machines.keys.sorted() }

    func pricePerGigabyte(from: Location, to: Location) -> Money { prices[Way(from: from, to: to)] ?? .zero }
    func gigabitsPerSecond(from: Location, to: Location) -> Double { rates[Way(from: from, to: to)] ?? 1 }
    func measuredGigabitsPerSecond(from: Location, to: Location) -> Double? { rates[Way(from: from, to: to)] }
    func transferMachine(at location: Location) -> TransferMachine? { machines[location] }
    func terms(of provider: String) -> RentalTerms { terms }
    func areas(of location: Location) -> Set<String> { areasOf[location] ?? [] }

    static func place(_ number: Int) -> Location { Location(provider: "cloud\(number % 3)", region: "r\(number)") }

    static func random(_ places: Int, _ generator: inout SeededGenerator) -> MadeUpFacts {
        var facts = MadeUpFacts()
        let all = (0..<places).map(place)
        let areas: [Set<String>] = [["eu"], ["us"], ["eu", "de"], []]
        for from in all {
            facts.areasOf[from] = areas[Int.random(in: 0..<4, using: &generator)]
            if Bool.random(using: &generator) || Bool.random(using: &generator) {
                facts.machines[from] = TransferMachine(
                    instanceType: "m",
                    pricePerHour: Money(nanodollars: .random(in: 0...3_000_000_000, using: &generator)),
                    gbpsOut: .random(in: 1...16, using: &generator), gbpsIn: .random(in: 1...16, using: &generator))
            }
            for to in all where to != from {
                let way = Way(from: from, to: to)
                facts.prices[way] = Money(nanodollars: .random(in: 0...9, using: &generator) * 20_000_000)
                if Int.random(in: 0..<5, using: &generator) > 0 {
                    facts.rates[way] = .random(in: 0.1...12, using: &generator)
                }
            }
        }
        return facts
    }
}

@Suite("Planned transfers")
struct TransferPlannerTests {
    private let a = MadeUpFacts.place(0)
    private let b = MadeUpFacts.place(1)
    private let c = MadeUpFacts.place(2)

    private func facts() -> MadeUpFacts {
        var facts = MadeUpFacts()
        for (from, to, price, rate) in [(a, b, 90, 1.0), (a, c, 20, 5.0), (c, b, 20, 4.0)] {
            facts.prices[.init(from: from, to: to)] = Money(nanodollars: Int64(price) * 1_000_000)
            facts.rates[.init(from: from, to: to)] = rate
        }
        for place in [a, b, c] {
            facts.machines[place] = TransferMachine(
                instanceType: "m", pricePerHour: Money(nanodollars: 3_600_000_000), gbpsOut: 5, gbpsIn: 10)
        }
        return facts
    }

    @Test("the figures of each kind of way are those worked out by hand")
    func figures() throws {
        // 100 GB are 800 Gbit. Directly $9 and 800 s; by way of c $4, at 4 Gbit/s: 200 s after a minute's start.
        let size = DataSize(bytes: 100_000_000_000)
        let curve = TransferPlanner(facts(), limits: TransferLimits(mostMachines: 2)).curve(of: size, from: a, to: b)
        #expect(curve.map { $0.route.map(\.region) } == [["r0", "r2", "r1"], ["r0", "r2", "r1"]])
        let one = try #require(curve.first)
        #expect(one.egressCost == usd("4") && one.machineCost == usd("0.26"))
        #expect(one.time == TimeSpan.seconds(260) && one.machines == 1 && one.connections == 64)
        // Two in each place: one more at both ends and two in the middle, for a minute and 100 s.
        let two = try #require(curve.last)
        #expect(two.egressCost == usd("4") && two.machineCost == usd("0.64"))
        #expect(two.time == TimeSpan.seconds(160) && two.gigabitsPerSecond == 8 && two.connections == 128)

        let direct = TransferPlanner(facts(), limits: TransferLimits(mostMachines: 3, allowsRelays: false))
            .curve(of: size, from: a, to: b)
        #expect(direct.map(\.machines) == [1, 2, 3])
        // A third of 800 s is 266.667 s; machines are billed for whole seconds.
        #expect(direct.map(\.time) == [TimeSpan.seconds(800), .seconds(460), TimeSpan(milliseconds: 326_667)])
        #expect(direct.map(\.cost) == [usd("9"), usd("9.92"), usd("10.308")])
    }

    @Test("what is small, stays where it is or is measured by nobody goes the plain way")
    func plain() {
        var facts = facts()
        let planner = TransferPlanner(facts)
        #expect(planner.curve(of: .zero, from: a, to: b).map(\.isPlain) == [true])
        #expect(planner.curve(of: DataSize(bytes: 1_000_000_000), from: a, to: a).map(\.isPlain) == [true])
        facts.rates = [:]
        let unmeasured = TransferPlanner(facts).curve(of: DataSize(bytes: 1_000_000_000_000), from: a, to: b)
        #expect(unmeasured.map(\.isPlain) == [true] && unmeasured.first?.gigabitsPerSecond == 1)
    }

    @Test("a relay is only where the data may be", arguments: 0..<200)
    func residency(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let facts = MadeUpFacts.random(7, &generator)
        let bounds: [[String]] = [[["eu"]], [["de", "us"]], [["eu"], ["de"]], [["mars"]]][seed % 4]
        let planner = TransferPlanner(facts, limits: TransferLimits(mostMachines: 4, areas: bounds))
        for size in [1_000_000_000, 5_000_000_000_000].map({ DataSize(bytes: $0) }) {
            for plan in planner.curve(of: size, from: MadeUpFacts.place(0), to: MadeUpFacts.place(1)) {
                guard let relay = plan.relay else { continue }
                let areas = facts.areas(of: relay)
                #expect(bounds.allSatisfy { bound in bound.contains { areas.contains($0) } }, "\(relay) \(areas)")
            }
        }
    }

    @Test("no way that may be gone beats the curve, and none of the curve another of it", arguments: 0..<200)
    func againstAllWays(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let facts = MadeUpFacts.random(6, &generator)
        let (source, target) = (MadeUpFacts.place(0), MadeUpFacts.place(1))
        let size = DataSize(bytes: .random(in: 1...20_000_000_000_000, using: &generator))
        let bounds: [[String]] = seed % 2 == 0 ? [] : [["eu"]]
        let curve = TransferPlanner(facts, limits: TransferLimits(mostMachines: 5, areas: bounds))
            .curve(of: size, from: source, to: target)
        for (one, next) in zip(curve, curve.dropFirst()) { #expect(one.cost < next.cost && one.time > next.time) }
        // All ways, counted out with other arithmetic: dollars and seconds in floating point.
        for relay in [nil] + facts.relays.map(Optional.some) where relay != source && relay != target {
            if let relay, !bounds.allSatisfy({ !facts.areas(of: relay).isDisjoint(with: $0) }) { continue }
            let route = [source] + (relay.map { [$0] } ?? []) + [target]
            for count in 1...5 {
                guard let way = Self.figures(route, count, size, facts) else { continue }
                let isBeaten = curve.contains {
                    Double($0.cost.nanodollars) <= way.dollars * 1e9 * (1 + 1e-9) + 10
                        && Double($0.time.milliseconds) <= way.seconds * 1000 + 2
                }
                #expect(isBeaten, "\(route) with \(count): \(way)")
            }
        }
    }

    private static func figures(
        _ route: [Location], _ count: Int, _ size: DataSize, _ facts: MadeUpFacts
    ) -> (dollars: Double, seconds: Double)? {
        let isPlain = route.count == 2 && count == 1
        var (dollars, rate) = (0.0, Double.infinity)
        for (from, to) in zip(route, route.dropFirst()) {
            let way = MadeUpFacts.Way(from: from, to: to)
            dollars += Double(facts.prices[way]?.nanodollars ?? 0) / 1e9 * Double(size.bytes) / 1e9
            if isPlain {
                rate = facts.rates[way] ?? 1
                continue
            }
            guard let measured = facts.rates[way], let out = facts.machines[from], let into = facts.machines[to] else {
                return nil
            }
            rate = min(rate, Double(count) * min(measured, out.gbpsOut, into.gbpsIn))
        }
        let moving = Double(size.bytes) * 8 / 1e9 / rate
        guard !isPlain else { return (dollars, moving) }
        for (index, place) in route.enumerated() {
            let rented = index == 0 || index == route.count - 1 ? count - 1 : count
            let price = Double(facts.machines[place]?.pricePerHour.nanodollars ?? 0) / 1e9
            dollars += price * Double(rented) * max(60 + moving, 60).rounded(.up) / 3600
        }
        let isStarted = count > 1 || route.count > 2
        return (dollars, moving + (isStarted ? 60 : 0))
    }

    @Test(
        "a time goal takes the cheapest way that keeps it, a ceiling of cost the fastest, and an hour's worth the best")
    func choices() throws {
        let size = DataSize(bytes: 100_000_000_000)
        let curve = TransferPlanner(facts(), limits: TransferLimits(mostMachines: 4, allowsRelays: false))
            .curve(of: size, from: a, to: b)
        #expect(curve.cheapest(within: .seconds(500))?.machines == 2)
        #expect(curve.cheapest(within: .seconds(1)) == nil)
        #expect(curve.fastest(within: usd("9.95"))?.machines == 2)
        #expect(curve.fastest(within: .zero) == nil)
        #expect(curve.best(perHour: .zero)?.machines == 1)
        #expect(curve.best(perHour: usd("1000"))?.machines == 4)
    }
}
