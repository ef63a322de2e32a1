import SkyCatalog
import SkyCore
import SkySpec
import Testing

@testable import SkyPlacement

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The solver against counting everything out")
struct SolverAgainstBruteForceTests {
    static let trees: [(RandomInstance.Shape, Int)] = [
        (.chain, 20), (.inTree, 20), (.outTree, 20), (.polytree, 60), (.forest, 20),
    ]

    /// A few hundred problems; `SKY_TEST_EFFORT=50` tries fifty times as many.
    private static let effort = ProcessInfo.processInfo.environment["SKY_TEST_EFFORT"].flatMap(Int.init) ?? 1

    @Test("trees of any direction are solved exactly for every objective", arguments: trees)
    func solvesTrees(shape: RandomInstance.Shape, count: Int) throws {
        for seed in 0..<count * Self.effort { try check(RandomInstance(shape, seed: seed), "\(shape) \(seed)") }
    }

    @Test("diamonds are solved exactly for every objective")
    func solvesDiamonds() throws {
        for seed in 0..<30 * Self.effort {
            try check(RandomInstance(.diamonds, seed: 30_000 + seed), "diamonds \(seed)")
        }
    }

    @Test("graphs with loops are solved exactly for every objective")
    func solvesGraphs() throws {
        for seed in 0..<80 * Self.effort { try check(RandomInstance(.anyGraph, seed: 10_000 + seed), "graph \(seed)") }
    }

    @Test(
        "long trade-offs are solved exactly",
        arguments: [
            RandomInstance.Shape.chain, .inTree, .outTree, .polytree, .diamonds, .anyGraph,
        ])
    func solvesLongTradeOffs(shape: RandomInstance.Shape) throws {
        for seed in 0..<1 * Self.effort {
            try check(RandomInstance(shape, seed: 20_000 + seed, .fine), "\(shape) \(seed), fine")
        }
    }

    @Test("what an hour is worth counts for branches that end by themselves, too")
    func weighsBranches() throws {
        for seed in 20_000..<20_006 {
            let instance = RandomInstance(.polytree, seed: seed, .fine)
            try checkWeighted(instance, BruteForce(instance).front, "polytree \(seed), fine")
        }
    }

    private func check(_ instance: RandomInstance, _ name: Comment) throws {
        let front = BruteForce(instance).front
        let cheapest = try #require(front.first)
        let fastest = try #require(front.last)
        func plan(_ objective: Objective) throws -> (Money, TimeSpan) {
            var pipeline = instance.pipeline
            pipeline.objective = objective
            let problem = try PlacementProblem(pipeline: pipeline, offers: instance.market)
            let placement = try objective.policy.place(problem)
            #expect(placement.proof?.isOptimal == true, name)
            let totals = try problem.totals(of: placement)
            #expect(placement.proof.map { $0.costLowerBound <= totals.cost } == true, name)
            return totals
        }
        #expect(try plan(.cost) == cheapest, name)
        #expect(try plan(.time) == fastest, name)
        // All points of short fronts, a few of long ones.
        for index in stride(from: 0, to: front.count, by: max(1, front.count / 3)) {
            let point = front[index]
            #expect(try plan(.costWithin(deadline: point.time)) == point, name)
            #expect(try plan(.timeWithin(budget: point.cost)) == point, name)
            // The next point may be no more than that away.
            let (deadline, budget) = (point.time + TimeSpan(milliseconds: 1), point.cost + Money(nanodollars: 1))
            let inTime = try #require(front.first { $0.time <= deadline })
            let affordable = try #require(front.last { $0.cost <= budget })
            #expect(try plan(.costWithin(deadline: deadline)) == inTime, name)
            #expect(try plan(.timeWithin(budget: budget)) == affordable, name)
        }
        try checkWeighted(instance, front, name)
        let problem = try PlacementProblem(pipeline: instance.pipeline, offers: instance.market)
        let found = try problem.paretoFront(limit: 1000)
        #expect(found.isComplete && found.points.allSatisfy(\.isProven), name)
        #expect(found.points.map { Point(cost: $0.cost, time: $0.time) } == front.map(Point.init), name)
        let few = try problem.paretoFront(limit: 3)
        #expect(few.points.count == min(3, front.count) && (!few.isComplete || front.count <= 3), name)
        #expect(
            few.points.allSatisfy { point in front.contains { $0.cost == point.cost && $0.time == point.time } }, name)
        let tooShort = fastest.time - TimeSpan(milliseconds: 1)
        #expect(
            throws: PlacementError.deadlineTooShort(deadline: tooShort, fastest: fastest.time, isProven: true), name
        ) {
            try plan(.costWithin(deadline: tooShort))
        }
        let tooLittle = cheapest.cost - Money(nanodollars: 1)
        #expect(throws: PlacementError.budgetTooSmall(budget: tooLittle, cheapest: cheapest.cost, isProven: true), name)
        {
            try plan(.timeWithin(budget: tooLittle))
        }
    }

    private struct Point: Equatable {
        var cost: Money
        var time: TimeSpan
    }

    private func checkWeighted(
        _ instance: RandomInstance, _ front: [(cost: Money, time: TimeSpan)], _ name: Comment
    ) throws {
        let problem = try PlacementProblem(pipeline: instance.pipeline, offers: instance.market)
        for hour in ["0", "0.5", "4", "100"].map(usd) {
            func value(_ point: (cost: Money, time: TimeSpan)) -> Money { point.cost + hour.perHour(for: point.time) }
            let placement = try problem.leastWeighted(perHour: hour)
            let totals = try problem.totals(of: placement)
            let best = try #require(front.min { value($0) < value($1) })
            #expect(value(totals) == value(best), name)
            #expect(placement.proof?.isOptimal == true && placement.proof?.gap == 0, name)
        }
    }

    @Test("runners-up of pipelines without loops are found all at once, as cheap as any")
    func findsRunnersUp() throws {
        for seed in 0..<8 * Self.effort {
            let instance = RandomInstance(.polytree, seed: 70_000 + seed)
            let problem = try PlacementProblem(pipeline: instance.pipeline, offers: instance.market)
            let chosen = try problem.chosen(problem.cheapest(), by: "cheapest")
            let runnersUp = try #require(problem.cheapestRunnersUp(to: chosen))
            for (index, stage) in problem.stages.enumerated() {
                var without = instance
                without.market.shelves[stage.name]?.removeAll {
                    $0.location == chosen[index].location && $0.instanceType == chosen[index].offer.instanceType
                }
                let best = BruteForce(without).front.first
                let found = try runnersUp[index].map { candidates in
                    let pairs = zip(problem.stages, candidates).map { ($0.name, $1) }
                    return try problem.totals(of: Placement(Dictionary(uniqueKeysWithValues: pairs))).cost
                }
                #expect(found == best?.cost, "\(seed) \(stage.name)")
            }
        }
    }
}
