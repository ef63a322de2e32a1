import SkyCatalog
import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyPlacement

/// A market in which large artifacts may go by several machines, or by way of a third region.
private struct MarketWithWays: OfferSource {
    var market: Market
    var transferCurves: TransferCurves?

    init(_ market: Market, limits: TransferLimits, seed: Int) {
        self.market = market
        var random = SeededGenerator(seed: UInt64(seed))
        var facts = MadeUpFacts()
        for (way, price) in market.prices { facts.prices[.init(from: way.from, to: way.to)] = price }
        for (way, rate) in market.bandwidths { facts.rates[.init(from: way.from, to: way.to)] = rate }
        for place in Set(market.bandwidths.keys.map(\.to)) {
            facts.machines[place] = TransferMachine(
                instanceType: "m", pricePerHour: Money(nanodollars: .random(in: 0...4, using: &random) * 1_000_000_000),
                gbpsOut: 5, gbpsIn: 10)
            facts.areasOf[place] = place.region == "1" ? ["eu"] : ["us"]
        }
        transferCurves = TransferCurves(facts, limits: limits)
    }

    func offers(for request: ResourceRequest) -> [Offer] { market.offers(for: request) }
    func explainNoOffer(for request: ResourceRequest) -> String { market.explainNoOffer(for: request) }
    func pricePerGigabyte(from: Location, to: Location) -> Money { market.pricePerGigabyte(from: from, to: to) }
    func gigabitsPerSecond(from: Location, to: Location) -> Double { market.gigabitsPerSecond(from: from, to: to) }
    func terms(of provider: String) -> RentalTerms { market.terms(of: provider) }
}

/// All plans of a small problem with all ways of its artifacts, each priced by itself.
private struct AllWays {
    let problem: PlacementProblem
    let curves: TransferCurves

    /// Nil when there are too many.
    func all() -> [(cost: Money, time: TimeSpan)]? {
        var found: [(cost: Money, time: TimeSpan)] = []
        var chosen: [Candidate] = []
        var isTooMuch = false
        func choose(_ stage: Int) {
            guard stage < problem.stages.count else { return ways(chosen, &found, &isTooMuch) }
            for candidate in problem.stages[stage].candidates where !isTooMuch {
                chosen.append(candidate)
                choose(stage + 1)
                chosen.removeLast()
            }
        }
        choose(0)
        return isTooMuch ? nil : found
    }

    private func ways(
        _ chosen: [Candidate], _ found: inout [(cost: Money, time: TimeSpan)], _ isTooMuch: inout Bool
    ) {
        let choices = problem.flows.map { flow -> [(cost: Money, time: TimeSpan)] in
            let to = chosen[flow.reader].offer.location
            let from: Location =
                switch flow.source {
                case .stage(let index): chosen[index].offer.location
                case .place(let place): place
                }
            let (source, target) = (problem.geography.number(of: from), problem.geography.number(of: to))
            guard from != to, flow.size.bytes >= 1_000_000_000 else {
                return [
                    (
                        problem.geography.cost(of: flow.size, from: source, to: target),
                        problem.geography.time(of: flow.size, from: source, to: target)
                    )
                ]
            }
            return curves(flow.size, from: from, to: to, areas: []).map { ($0.cost, $0.time) }
        }
        guard choices.map(\.count).reduce(1, *) * (found.count + 1) < 1_000_000, found.count < 8_000 else {
            isTooMuch = true
            return
        }
        func choose(_ flow: Int, _ cost: Money, _ times: [TimeSpan]) {
            guard flow < choices.count else {
                found.append((cost, PricedPlacement.makespan(problem, chosen.map(\.pathTime), times)))
                return
            }
            for way in choices[flow] { choose(flow + 1, cost + way.cost, times + [way.time]) }
        }
        choose(0, chosen.reduce(.zero) { $0 + $1.cost }, [])
    }
}

@Suite("Places and ways chosen together")
struct TransferSearchTests {
    private static let shapes = RandomInstance.Shape.allCases

    private func instance(_ seed: Int) -> (pipeline: Pipeline, market: MarketWithWays) {
        let instance = RandomInstance(Self.shapes[seed % Self.shapes.count], seed: 70_000 + seed)
        let limits = TransferLimits(mostMachines: 3, allowsRelays: seed % 2 == 0)
        return (instance.pipeline, MarketWithWays(instance.market, limits: limits, seed: seed))
    }

    @Test("cost and time alone are the least of all plans with all ways, and bounds hold for them", arguments: 0..<40)
    func exact(seed: Int) throws {
        let (original, market) = instance(seed)
        var pipeline = original
        let curves = try #require(market.transferCurves)
        for objective in [Objective.cost, .time] {
            pipeline.objective = objective
            let problem = try PlacementProblem(pipeline: pipeline, offers: market)
            guard let all = AllWays(problem: problem, curves: curves).all() else { return }
            let plan = try Planner().plan(pipeline, offers: market)
            let (cost, time) = (all.map(\.cost).min() ?? .max, all.map(\.time).min() ?? .zero)
            #expect(plan.proof.costLowerBound <= cost && plan.proof.timeLowerBound <= time)
            switch objective {
            case .cost: #expect(plan.totalCost == cost && plan.proof.isOptimal)
            default: #expect(plan.totalTime == time)
            }
            #expect(all.contains { $0.cost == plan.totalCost && $0.time == plan.totalTime } || objective == .cost)
        }
    }

    @Test("with limits a plan keeps them, is what it says, and is called the best only if it is", arguments: 0..<40)
    func limited(seed: Int) throws {
        let (original, market) = instance(seed)
        var pipeline = original
        let curves = try #require(market.transferCurves)
        let plain = try Planner().plan(pipeline, offers: market.market)
        let fastest = try Planner().plan(pipeline, offers: market, policy: FastestPolicy())
        let middle = TimeSpan(milliseconds: (plain.totalTime.milliseconds + fastest.totalTime.milliseconds) / 2)
        let budget = Money(nanodollars: (plain.totalCost.nanodollars + fastest.totalCost.nanodollars) / 2)
        for objective in [
            Objective.costWithin(deadline: middle), .timeWithin(budget: budget), .weighted(perHour: usd("5")),
        ] {
            pipeline.objective = objective
            let problem = try PlacementProblem(pipeline: pipeline, offers: market)
            guard let all = AllWays(problem: problem, curves: curves).all() else { return }
            let plan = try Planner().plan(pipeline, offers: market)
            let parts = plan.stages.map(\.cost) + plan.transfers.map(\.cost)
            #expect(plan.totalCost == parts.reduce(.zero, +))
            func value(_ cost: Money, _ time: TimeSpan) -> Int64? {
                switch objective {
                case .costWithin(let limit): time <= limit ? cost.nanodollars : nil
                case .timeWithin(let limit): cost <= limit ? time.milliseconds : nil
                default: (cost + usd("5").perHour(for: time)).nanodollars
                }
            }
            let own = try #require(value(plan.totalCost, plan.totalTime), "\(objective) is not kept")
            let best = all.compactMap { value($0.cost, $0.time) }.min() ?? .max
            #expect(own >= best)
            if plan.proof.isOptimal { #expect(own == best, "\(objective)") }
            if let gap = plan.proof.gap { #expect(Double(own) * (1 - gap) <= Double(best) * (1 + 1e-9) + 1) }
            // Choosing never makes it worse than the plain ways.
            if let without = try? Planner().plan(pipeline, offers: market.market),
                let plainValue = value(without.totalCost, without.totalTime)
            {
                #expect(own <= plainValue, "\(objective)")
            }
        }
    }

    @Test("without a choice of ways nothing is different, and small artifacts never have one")
    func plain() throws {
        for seed in 0..<40 {
            let (pipeline, market) = instance(seed)
            let plan = try Planner().plan(pipeline, offers: market, policy: FastestPolicy())
            for transfer in plan.transfers where transfer.size.bytes < 1_000_000_000 || transfer.from == transfer.to {
                #expect(transfer.way == nil)
            }
            #expect(try Planner().plan(pipeline, offers: market.market).transfers.allSatisfy { $0.way == nil })
        }
    }

    @Test("an artifact that must stay in a part of the world is not passed on elsewhere", arguments: 0..<60)
    func residency(seed: Int) throws {
        var (pipeline, market) = instance(seed * 2)
        for index in pipeline.stages.indices {
            for output in pipeline.stages[index].outputs.indices {
                pipeline.stages[index].outputs[output].areas = ["eu"]
            }
        }
        guard let plan = try? Planner().plan(pipeline, offers: market, policy: FastestPolicy()) else { return }
        for relay in plan.transfers.compactMap({ $0.way?.relay }) { #expect(relay.region == "1") }
        market.transferCurves = nil
        #expect(try Planner().plan(pipeline, offers: market, policy: FastestPolicy()).totalTime >= plan.totalTime)
    }
}
