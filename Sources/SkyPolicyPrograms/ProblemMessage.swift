import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// What policy programs are told, and what they are answered. docs/policies.md describes the shapes.
enum PolicyProtocol {
    /// Rises when a field changes its meaning or goes away; new fields do not raise it.
    static let version = 1

    /// The whole problem.
    static func message(_ problem: PlacementProblem, policy: String) -> [UInt8] {
        var line = JSONLine()
        line.object { line in
            line.field("version", Double(version))
            line.field("pipeline", problem.pipeline)
            line.field("policy", policy)
            line.key("objective")
            objective(problem, &line)
            line.key("stages")
            line.array(problem.stages) { stage($1, &$0) }
            line.key("flows")
            line.array(problem.flows) { flow($1, of: problem, &$0) }
            line.key("locations")
            line.array(locations(of: problem)) { line, location in
                line.object { line in
                    line.field("provider", location.provider)
                    line.field("region", location.region)
                    line.field("areas", strings: problem.areas(of: location).sorted())
                }
            }
            line.key("history")
            history(problem, &line)
            line.field("caveats", strings: problem.caveats)
        }
        line.end()
        return line.bytes
    }

    /// The solver's answer to a program that asked it.
    static func message(_ placement: Placement, of problem: PlacementProblem) throws(PlacementError) -> [UInt8] {
        let totals = try problem.totals(of: placement)
        var line = JSONLine()
        line.object { line in
            line.field("version", Double(version))
            line.key("placement")
            line.object { line in
                for stage in problem.stages {
                    line.field(stage.name, placement[stage.name].map { Double($0.index) })
                }
            }
            line.field("cost_usd", totals.cost.exactDecimal)
            line.field("time_seconds", seconds(totals.time))
        }
        line.end()
        return line.bytes
    }

    /// Why the solver has no answer.
    static func message(failed error: PlacementError) -> [UInt8] {
        var line = JSONLine()
        line.object { line in
            line.field("version", Double(version))
            line.field("failed", error.description)
        }
        line.end()
        return line.bytes
    }

    private static func objective(_ problem: PlacementProblem, _ line: inout JSONLine) {
        line.object { line in
            switch problem.objective {
            case .cost, .costWithin: line.field("minimize", "cost")
            case .time, .timeWithin: line.field("minimize", "time")
            case .weighted: line.field("minimize", "cost_and_time")
            }
            if case .weighted(let perHour, let perInterruption) = problem.objective {
                line.field("hour_worth_usd", perHour.exactDecimal)
                line.field("interruption_worth_usd", perInterruption.exactDecimal)
            } else {
                line.field("hour_worth_usd", nil as String?)
                line.field("interruption_worth_usd", nil as String?)
            }
            line.field("deadline_seconds", problem.deadline.map(seconds))
            line.field("budget_usd", problem.budget?.exactDecimal)
        }
    }

    private static func stage(_ stage: StageChoices, _ line: inout JSONLine) {
        line.object { line in
            line.field("name", stage.name)
            line.field("replicas", Double(stage.replicas))
            line.field("is_service", stage.isService)
            line.field("is_pinned", stage.isPinned)
            line.key("candidates")
            line.array(stage.candidates) { candidate($1, &$0) }
        }
    }

    private static func candidate(_ candidate: Candidate, _ line: inout JSONLine) {
        let offer = candidate.offer
        line.object { line in
            line.field("id", Double(candidate.index))
            line.field("provider", offer.provider)
            line.field("region", offer.region)
            line.field("zone", offer.zone)
            line.field("instance_type", offer.instanceType)
            line.field("market", offer.market.rawValue)
            line.key("accelerator")
            if let accelerator = offer.accelerator {
                line.object { line in
                    line.field("name", accelerator.name)
                    line.field("count", accelerator.count)
                }
            } else {
                line.null()
            }
            line.field("cpus", offer.cpus)
            line.field("memory_gib", offer.memoryGiB)
            line.field("capabilities", strings: offer.capabilities)
            line.field("interruptions_per_month", offer.interruptionsPerMonth)
            line.field("num_nodes", Double(candidate.numNodes))
            line.field("price_per_hour_usd", candidate.pricePerHour.exactDecimal)
            line.field("duration_seconds", seconds(candidate.duration))
            line.field("held_seconds", seconds(candidate.heldTime))
            line.field("path_seconds", seconds(candidate.pathTime))
            line.field("interruptions", candidate.interruptions)
            line.field("cost_usd", candidate.cost.exactDecimal)
        }
    }

    private static func flow(
        _ flow: PlacementProblem.Flow, of problem: PlacementProblem, _ line: inout JSONLine
    ) {
        line.object { line in
            line.field("artifact", flow.artifact)
            switch flow.source {
            case .stage(let index): line.field("from", problem.stages[index].name)
            case .place(let location):
                line.field("from", nil as String?)
                line.field("from_location", location.description)
            }
            line.field("to", problem.stages[flow.reader].name)
            line.field("size_bytes", Double(flow.size.bytes))
        }
    }

    private static func history(_ problem: PlacementProblem, _ line: inout JSONLine) {
        line.object { line in
            for stage in problem.stages {
                guard let runs = problem.history.runs[stage.name], !runs.isEmpty else { continue }
                line.key(stage.name)
                line.array(runs) { line, run in
                    line.object { line in
                        line.field("run", run.run)
                        line.field("provider", run.provider)
                        line.field("region", run.region)
                        line.field("zone", run.zone)
                        line.field("instance_type", run.instanceType)
                        line.field("market", run.market.rawValue)
                        line.field("duration_seconds", seconds(run.duration))
                    }
                }
            }
        }
    }

    private static func locations(of problem: PlacementProblem) -> [Location] {
        var seen: Set<Location> = []
        for stage in problem.stages {
            for candidate in stage.candidates { seen.insert(candidate.location) }
        }
        return seen.sorted()
    }

    private static func seconds(_ span: TimeSpan) -> Double { Double(span.milliseconds) / 1000 }
}
