import SkyCore
import SkyPlacement
import SkySpec

// Measures the solver alone: `swift run -c release solver-bench`. With `dump FOLDER`, writes mid-size problems with the
// solver's answers for `Benchmarks/solver_check.py` to compare with an independent exact solver.

let clock = ContinuousClock()

extension Duration {
    var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}

func text(_ value: Double) -> String { String(Int((value * 100).rounded() / 100)) + "." + twoDigits(value) }

func twoDigits(_ value: Double) -> String {
    let cents = Int((value * 100).rounded()) % 100
    return cents < 10 ? "0\(cents)" : "\(cents)"
}

struct Case {
    var shape: Shape
    var stages: Int
    var degree = 2.0
    var bound: Double?
}

/// Half of the runs take no longer than the first figure, and none longer than the second.
@MainActor func measure(
    _ one: Case, gigabytes: Double, world: MadeUpWorld, runs: Int, _ solve: (PlacementProblem) throws -> Placement
) throws -> Bool {
    var times: [Double] = []
    var proven = 0
    var gap = 0.0
    for seed in 0..<runs {
        let pipeline = world.pipeline(
            one.shape, stages: one.stages, degree: one.degree, gigabytes: gigabytes, seed: UInt64(seed + 1))
        var problem = try PlacementProblem(pipeline: pipeline, offers: world)
        let end = clock.now + .seconds(2)
        problem.effort = .until { ContinuousClock.now > end }
        let start = clock.now
        let placement = try solve(problem)
        times.append((clock.now - start).milliseconds)
        proven += placement.proof?.isOptimal == true ? 1 : 0
        gap = max(gap, placement.proof?.gap ?? 1)
    }
    times.sort()
    let median = times[times.count / 2]
    let isWithin = one.bound.map { median <= $0 } ?? true
    print(
        "\(one.shape) of \(one.stages)", "to \(Int(gigabytes)) GB:",
        "\(text(median)) ms, at most \(text(times[times.count - 1])),",
        "proven \(proven) of \(runs), gap at most \(text(gap * 100)) %",
        one.bound.map { isWithin ? "(bound \($0) ms)" : "OUT OF BOUND \($0) ms" } ?? "")
    return isWithin && (one.bound == nil || gap < 0.01)
}

@MainActor func bench() throws -> Bool {
    let world = MadeUpWorld(seed: 7)
    var isFine = true
    print("== cost: 120 regions of 6 providers")
    for gigabytes in [20.0, 100, 500] {
        for one in [
            Case(shape: .chain, stages: 100, bound: 5), Case(shape: .tree, stages: 100),
            Case(shape: .diamonds, stages: 100), Case(shape: .fan, stages: 100),
            Case(shape: .random, stages: 50, bound: 100), Case(shape: .random, stages: 50, degree: 4),
            Case(shape: .random, stages: 50, degree: 16),
        ] {
            isFine = try measure(one, gigabytes: gigabytes, world: world, runs: 9) { try $0.cheapest() } && isFine
        }
    }
    isFine =
        try measure(
            Case(shape: .layered, stages: 1000, bound: 2000), gigabytes: 100, world: world, runs: 1
        ) { try $0.cheapest() } && isFine
    print("== time, then cost")
    for one in [Case(shape: .chain, stages: 100), Case(shape: .diamonds, stages: 30), Case(shape: .random, stages: 30)]
    {
        isFine = try measure(one, gigabytes: 100, world: world, runs: 5) { try $0.fastest() } && isFine
    }
    print("== cost plus $10 an hour")
    for one in [Case(shape: .chain, stages: 100), Case(shape: .diamonds, stages: 30), Case(shape: .random, stages: 30)]
    {
        isFine =
            try measure(one, gigabytes: 100, world: world, runs: 5) {
                try $0.leastWeighted(perHour: Money(nanodollars: 10_000_000_000))
            } && isFine
    }
    print("== how time grows with the stages of a chain")
    for stages in [10, 20, 50, 100, 200, 500, 1000] {
        isFine =
            try measure(Case(shape: .chain, stages: stages), gigabytes: 100, world: world, runs: 5) {
                try $0.cheapest()
            } && isFine
    }
    print("== how time grows with the offers: a chain of 100, each stage with the same 120 regions")
    for types in [1, 4, 16, 64] {
        let world = MadeUpWorld(seed: 7, typesPerFamily: types)
        print(world.shelves.map(\.count).reduce(0, +), "offers, ", terminator: "")
        isFine =
            try measure(Case(shape: .chain, stages: 100), gigabytes: 100, world: world, runs: 3) { try $0.cheapest() }
            && isFine
    }
    return isFine
}

if CommandLine.arguments.count == 2, CommandLine.arguments[1] == "dump" {
    try dumpProblems()
} else {
    guard try bench() else { fatalError("out of bounds") }
}
