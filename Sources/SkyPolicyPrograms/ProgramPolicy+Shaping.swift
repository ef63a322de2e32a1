import SkyCore
import SkyPlacement

extension ProgramPolicy {
    /// The problem as the program wants it.
    func shaped(_ problem: PlacementProblem, _ shaping: WrittenShaping) throws(PlacementError) -> PlacementProblem {
        try check(shaping, problem)
        var left = problem
        if !shaping.filter.isEmpty {
            left = try left.keeping { stage, candidate in
                shaping.filter[stage.name]?.contains(candidate.index) ?? true
            }
        }
        if !shaping.prices.isEmpty {
            left = left.repricing { stage, candidate in
                shaping.prices[stage.name]?[candidate.index] ?? candidate.cost
            }
        }
        if !shaping.penalties.isEmpty {
            left = left.penalising { shaping.penalties[$0.name]?[$1.index] ?? .zero }
        }
        if !shaping.ranks.isEmpty {
            left = left.ranking { shaping.ranks[$0.name]?[$1.index] ?? 0 }
        }
        return left
    }

    /// The candidates that a program named by their ids.
    func candidates(_ written: [String: Int], of problem: PlacementProblem) throws(PlacementError) -> [String:
        Candidate]
    {
        try checkStages(written.keys, problem, in: "placement")
        var result: [String: Candidate] = [:]
        for stage in problem.stages {
            guard let id = written[stage.name] else {
                throw misunderstood("its placement leaves out the stage '\(stage.name)'")
            }
            guard let candidate = stage.candidates.first(where: { $0.index == id }) else {
                throw misunderstood("it places '\(stage.name)' on \(id), which is no candidate of that stage")
            }
            result[stage.name] = candidate
        }
        return result
    }

    private func check(_ shaping: WrittenShaping, _ problem: PlacementProblem) throws(PlacementError) {
        try checkStages(shaping.filter.keys, problem, in: "filter")
        try checkStages(shaping.prices.keys, problem, in: "prices")
        try checkStages(shaping.penalties.keys, problem, in: "penalties")
        try checkStages(shaping.ranks.keys, problem, in: "ranks")
        // Runners-up are asked about with candidates taken away.
        guard !problem.asksForRunnerUp else { return }
        for stage in problem.stages {
            let known = Set(stage.candidates.map(\.index))
            let named = (shaping.filter[stage.name] ?? []).union(shaping.prices[stage.name]?.keys ?? [:].keys)
                .union(shaping.penalties[stage.name]?.keys ?? [:].keys).union(
                    shaping.ranks[stage.name]?.keys ?? [:].keys)
            if let stranger = named.subtracting(known).min() {
                throw misunderstood("it speaks of \(stranger), which is no candidate of '\(stage.name)'")
            }
        }
    }

    private func checkStages(
        _ names: some Sequence<String>, _ problem: PlacementProblem, in field: String
    ) throws(PlacementError) {
        let known = problem.stages.map(\.name)
        guard let stranger = names.filter({ !known.contains($0) }).min() else { return }
        let nearest = nearestName(to: stranger, among: known).map { ": is '\($0)' meant?" } ?? ""
        throw misunderstood("its \(field) names a stage '\(stranger)', which is not in the pipeline\(nearest)")
    }

    private func misunderstood(_ reason: String) -> PlacementError {
        .policyFailed(policy: name, reason: reason, output: [])
    }
}
