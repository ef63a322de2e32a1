import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// Prints one JSON object per line: a problem in plain numbers, and what the solver says is best for each objective.
func dumpProblems() throws {
    for seed in 0..<40 {
        let world = MadeUpWorld(seed: UInt64(seed), providers: 3, regions: 9)
        let shape = Shape.allCases[seed % 5]
        let pipeline = world.pipeline(
            shape, stages: 5 + seed % 9, degree: 1.5, gigabytes: [20, 100, 500][seed % 3], seed: UInt64(seed))
        let problem = try PlacementProblem(pipeline: pipeline, offers: world)
        print(try line(problem, world))
    }
}

private func line(_ problem: PlacementProblem, _ world: MadeUpWorld) throws -> String {
    let locations = Array(Set(problem.stages.flatMap { $0.candidates.map(\.location) })).sorted()
    let stages = problem.stages.map { stage in
        "["
            + stage.candidates.map { candidate in
                let place = locations.firstIndex(of: candidate.location) ?? 0
                return "[\(candidate.cost.nanodollars),\(candidate.pathTime.milliseconds),\(place)]"
            }.joined(separator: ",") + "]"
    }
    var flows: [String] = []
    for flow in problem.flows {
        guard case .stage(let from) = flow.source else { continue }
        func table(_ figure: (Location, Location) -> Int64) -> String {
            let rows = locations.map { a in "[" + locations.map { b in "\(figure(a, b))" }.joined(separator: ",") + "]"
            }
            return "[" + rows.joined(separator: ",") + "]"
        }
        let cost = table { world.pricePerGigabyte(from: $0, to: $1).perGigabyte(for: flow.size).nanodollars }
        let time = table { a, b in
            let bitsPerSecond = Int64(world.gigabitsPerSecond(from: a, to: b) * 1e9)
            return (flow.size.bytes * 8000 + bitsPerSecond - 1) / bitsPerSecond
        }
        flows.append("{\"from\":\(from),\"to\":\(flow.reader),\"cost\":\(cost),\"time\":\(time)}")
    }
    let (cheapest, fastest) = (try problem.cheapest(), try problem.fastest())
    let (least, soonest) = (try problem.totals(of: cheapest), try problem.totals(of: fastest))
    let deadline = TimeSpan(milliseconds: (least.time.milliseconds + 2 * soonest.time.milliseconds) / 3)
    let budget = Money(nanodollars: (2 * least.cost.nanodollars + soonest.cost.nanodollars) / 3)
    let perHour = Money(nanodollars: 10_000_000_000)
    let answers: [(String, Placement)] = [
        ("cost", cheapest), ("time", fastest), ("deadline", try problem.cheapest(within: deadline)),
        ("budget", try problem.fastest(within: budget)), ("weighted", try problem.leastWeighted(perHour: perHour)),
    ]
    let texts = try answers.map { name, placement in
        let totals = try problem.totals(of: placement)
        let proof = placement.proof?.isOptimal == true
        return
            "\"\(name)\":{\"cost\":\(totals.cost.nanodollars),\"time\":\(totals.time.milliseconds),\"proven\":\(proof)}"
    }
    return "{\"stages\":[\(stages.joined(separator: ","))],\"flows\":[\(flows.joined(separator: ","))],"
        + "\"deadline\":\(deadline.milliseconds),\"budget\":\(budget.nanodollars),"
        + "\"per_hour\":\(perHour.nanodollars),\"answers\":{\(texts.joined(separator: ","))}}"
}
