import SkyCore
import SkyPlacement
import SkySpec

/// A problem with what its deadlines and budgets are measured from.
struct Limits {
    let problem: PlacementProblem
    let fastest: TimeSpan
    let cheapest: Money

    init(_ problem: PlacementProblem) throws {
        self.problem = problem
        fastest = try problem.totals(of: problem.fastest()).time
        cheapest = try problem.totals(of: problem.cheapest()).cost
    }

    /// So many times as long as the fastest plan takes.
    func withinDeadline(slack: Double) throws -> (placement: Placement, milliseconds: Double) {
        let deadline = TimeSpan(milliseconds: Int64(Double(fastest.milliseconds) * slack))
        let (placement, time) = try timed { try problem.cheapest(within: deadline) }
        return (placement, time)
    }

    /// So many times what the cheapest plan costs.
    func withinBudget(slack: Double) throws -> (placement: Placement, milliseconds: Double) {
        let budget = Money(nanodollars: Int64(Double(cheapest.nanodollars) * slack))
        let (placement, time) = try timed { try problem.fastest(within: budget) }
        return (placement, time)
    }
}

/// Counts over a fixed set how many deadlines and budgets are proven with the standard effort.
///
/// - Parameter arguments: a shape, if only that one is wanted, how many times 100 million steps (0: the standard effort), and how
///   many stages.
func countProofs(_ arguments: [String]) throws {
    let only = arguments.first
    let times = arguments.count > 1 ? Int(arguments[1]) ?? 0 : 0
    let stagesWanted = arguments.count > 2 ? Int(arguments[2]) : nil
    let world = MadeUpWorld(seed: 7)
    let slacks = [1.05, 1.2, 1.5, 2, 3]
    let shapes: [(Shape, [Int])] = [
        (.chain, [100]), (.tree, [50]), (.diamonds, [10, 30, 50]), (.fan, [10, 30, 50]),
        (.seriesParallel, [10, 30, 50]),
        (.ladder, [10, 20, 50]), (.random, [10, 20, 30, 40, 50]),
    ]
    print(
        "| shape | deadline: proven | largest gap | median, most ms | budget: proven | largest gap | median, most ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (shape, counts) in shapes where only == nil || only == shape.rawValue {
        for stages in counts where stagesWanted == nil || stages == stagesWanted {
            var (deadline, budget) = (ProofCount(), ProofCount())
            for seed in 0..<6 {
                let pipeline = world.pipeline(
                    shape, stages: stages, gigabytes: [20, 100, 500][seed % 3], seed: UInt64(100 + seed))
                var problem = try PlacementProblem(pipeline: pipeline, offers: world)
                if times > 0 { problem.effort = .steps(100_000_000 * times) }
                let limits = try Limits(problem)
                for slack in slacks {
                    deadline.add(try limits.withinDeadline(slack: slack))
                    budget.add(try limits.withinBudget(slack: slack))
                }
            }
            print("| \(shape) of \(stages) | \(deadline.text) | \(budget.text) |")
        }
    }
}

private struct ProofCount {
    private var proven = 0
    private var gap = 0.0
    private var times: [Double] = []

    mutating func add(_ answer: (placement: Placement, milliseconds: Double)) {
        if answer.placement.proof?.isOptimal == true { proven += 1 }
        gap = max(gap, answer.placement.proof?.gap ?? 1)
        times.append(answer.milliseconds)
    }

    var text: String {
        "\(proven) of \(times.count) | \(solver_bench.text(gap * 100)) % | \(Int(times.median)), \(Int(times.max() ?? 0))"
    }
}
