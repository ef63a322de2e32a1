import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// Prints one JSON object per line: a problem in plain numbers, and what the solver says is best for each objective.
func dumpProblems() throws {
    let sizes: [(Shape, [Int])] = [
        (.chain, [3, 10, 25, 50]), (.tree, [10, 25]), (.diamonds, [7, 13, 25]), (.fan, [6, 12, 25]),
        (.seriesParallel, [8, 16, 30]), (.random, [10, 15, 20, 30, 50]),
    ]
    var seed: UInt64 = 0
    for (shape, counts) in sizes {
        for stages in counts {
            for gigabytes in [20.0, 500] {
                seed += 1
                let world = MadeUpWorld(seed: seed, providers: 3, regions: 9)
                let pipeline = world.pipeline(shape, stages: stages, gigabytes: gigabytes, seed: seed)
                // With time, questions about many stages are too hard for CP-SAT to be asked.
                print(
                    try line(
                        "\(shape) of \(stages)", PlacementProblem(pipeline: pipeline, offers: world), world,
                        stages <= 20))
            }
        }
    }
}

private func line(_ name: String, _ problem: PlacementProblem, _ world: MadeUpWorld, _ isTimed: Bool) throws -> String {
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
    var answers: [(String, Placement)] = [("cost", cheapest)]
    if isTimed {
        answers += [
            ("time", fastest), ("deadline", try problem.cheapest(within: deadline)),
            ("budget", try problem.fastest(within: budget)), ("weighted", try problem.leastWeighted(perHour: perHour)),
        ]
    }
    let texts = try answers.map { name, placement in
        let totals = try problem.totals(of: placement)
        let proof = placement.proof?.isOptimal == true
        let choice = problem.stages.map { stage in "\(placement[stage.name]?.index ?? -1)" }
        return "\"\(name)\":{\"cost\":\(totals.cost.nanodollars),\"time\":\(totals.time.milliseconds),"
            + "\"proven\":\(proof),\"choice\":[\(choice.joined(separator: ","))]}"
    }
    return
        "{\"name\":\"\(name)\",\"stages\":[\(stages.joined(separator: ","))],\"flows\":[\(flows.joined(separator: ","))],"
        + "\"deadline\":\(deadline.milliseconds),\"budget\":\(budget.nanodollars),"
        + "\"per_hour\":\(perHour.nanodollars),\"answers\":{\(texts.joined(separator: ","))}}"
}
