#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import SkyCore
import SkyPlacement
import SkySpec

/// Two decimals.
func text(_ value: Double) -> String {
    let cents = Int((value * 100).rounded())
    return "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
}

/// How long `work` takes on one core, in milliseconds. Other programs on the machine do not count.
func timed<Result>(_ work: () throws -> Result) rethrows -> (result: Result, milliseconds: Double) {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }
    let start = now()
    let result = try work()
    return (result, now() - start)
}

extension [Double] {
    var median: Double { sorted()[count / 2] }
}

/// What is measured: a shape of so many stages.
struct Case {
    var shape: Shape
    var stages: Int
    var degree = 2.0
    /// In milliseconds: half of the runs take no longer.
    var bound: Double?
}

/// Prints how long solving takes. Returns whether the bound holds, and every answer is within a hundredth of the best.
func measure(
    _ one: Case, gigabytes: Double, world: MadeUpWorld, runs: Int, _ solve: (PlacementProblem) throws -> Placement
) throws -> Bool {
    var times: [Double] = []
    var proven = 0
    var gap = 0.0
    for seed in 0..<runs {
        let pipeline = world.pipeline(
            one.shape, stages: one.stages, degree: one.degree, gigabytes: gigabytes, seed: UInt64(seed + 1))
        var problem = try PlacementProblem(pipeline: pipeline, offers: world)
        let end = ContinuousClock.now + .seconds(2)
        problem.effort = .until { ContinuousClock.now > end }
        let (placement, time) = try timed { try solve(problem) }
        times.append(time)
        proven += placement.proof?.isOptimal == true ? 1 : 0
        gap = max(gap, placement.proof?.gap ?? 1)
    }
    let isWithin = one.bound.map { times.median <= $0 } ?? true
    print(
        "\(one.shape) of \(one.stages)", "to \(Int(gigabytes)) GB:",
        "\(text(times.median)) ms, at most \(text(times.max() ?? 0)),",
        "proven \(proven) of \(runs), gap at most \(text(gap * 100)) %",
        one.bound.map { isWithin ? "(bound \($0) ms)" : "OUT OF BOUND \($0) ms" } ?? "")
    return isWithin && (one.bound == nil || gap < 0.01)
}

/// Solves one case again and again, for a profiler to watch.
func again(_ arguments: [String]) throws {
    guard arguments.count == 4, let shape = Shape(rawValue: arguments[0]), let stages = Int(arguments[1]),
        let runs = Int(arguments[3])
    else { return print("SHAPE STAGES cost|time|deadline|budget RUNS") }
    let world = MadeUpWorld(seed: 7)
    let pipeline = world.pipeline(shape, stages: stages, gigabytes: 100, seed: 1)
    let problem = try PlacementProblem(pipeline: pipeline, offers: world)
    let times = try (0..<runs).map { _ in
        try timed {
            switch arguments[2] {
            case "time": try problem.fastest()
            case "deadline": try Limits(problem).withinDeadline(slack: 1.5).placement
            case "budget": try Limits(problem).withinBudget(slack: 1.5).placement
            default: try problem.cheapest()
            }
        }.milliseconds
    }
    print("median \(text(times.median)) ms")
}
