public import SkyCore

/// Which candidate each stage runs on.
public struct Placement: Hashable, Sendable {
    /// By stage name.
    public let candidates: [String: Candidate]
    /// What the policy has to say about it, one sentence each: shown below the plan.
    public var remarks: [String]
    /// How good it is, if a solver made it for a problem from which nothing had been taken away.
    public internal(set) var proof: Plan.Proof?

    public init(_ candidates: [String: Candidate], remarks: [String] = []) {
        self.candidates = candidates
        self.remarks = remarks
    }

    public subscript(stage: String) -> Candidate? { candidates[stage] }
}

extension PlacementProblem {
    /// Cost of the stages and the transfers, and the time until everything is done and up.
    ///
    /// - Throws: `PlacementError.policyMisbehaved` if `placement` does not place every stage on one of its candidates.
    public func totals(of placement: Placement) throws(PlacementError) -> (cost: Money, time: TimeSpan) {
        let plan = PricedPlacement(self, try chosen(placement, by: "placement"))
        return (plan.totalCost, plan.totalTime)
    }

    /// `placement` itself, after checking that it is one of this problem and keeps its limits: what a policy does that
    /// hands a part of the problem on to another one.
    ///
    /// - Throws: `PlacementError.policyMisbehaved` in the name of `policy`.
    public func checked(_ placement: Placement, by policy: String) throws(PlacementError) -> Placement {
        let plan = PricedPlacement(self, try chosen(placement, by: policy))
        try checkLimits(plan, of: policy)
        return placement
    }

    /// The candidates of `placement` in stage order, after checking that they are this problem's.
    func chosen(_ placement: Placement, by policy: String) throws(PlacementError) -> [Candidate] {
        var faults: [PlacementError.PolicyFault] = []
        var result: [Candidate] = []
        for stage in stages {
            guard let candidate = placement.candidates[stage.name] else {
                faults.append(.stageNotPlaced(stage: stage.name))
                continue
            }
            if !stage.candidates.holds(candidate) {
                faults.append(.notACandidate(stage: stage.name, offer: candidate.description))
            }
            result.append(candidate)
        }
        let known = Set(stages.map(\.name))
        for name in placement.candidates.keys.sorted() where !known.contains(name) {
            faults.append(.unknownStage(stage: name))
        }
        guard faults.isEmpty else { throw .policyMisbehaved(policy: policy, faults: faults) }
        return result
    }
}

/// A placement with everything it costs, worked out from the problem's figures and from nothing that a policy says.
struct PricedPlacement {
    let candidates: [Candidate]
    let transfers: [PlannedTransfer]
    let totalCost: Money
    let totalTime: TimeSpan

    /// `candidates`: one of its own for each stage of `problem`.
    init(_ problem: PlacementProblem, _ candidates: [Candidate]) {
        self.candidates = candidates
        let geography = problem.geography
        let places = candidates.indices.map { geography.location(ofStage: $0, candidate: candidates[$0].index) }
        transfers = problem.flows.enumerated().map { index, flow in
            let target = places[flow.reader]
            let source = geography.origin(of: flow.source, places)
            let crossing = problem.crossing(of: index, size: flow.size, from: source, to: target)
            return PlannedTransfer(
                artifact: flow.artifact, toStage: problem.stages[flow.reader].name, from: geography.locations[source],
                to: geography.locations[target], size: flow.size,
                cost: crossing.cost, duration: crossing.time, way: crossing.way)
        }
        totalCost = transfers.reduce(candidates.reduce(.zero) { $0 + $1.cost }) { $0 + $1.cost }
        totalTime = Self.makespan(problem, candidates.map(\.pathTime), transfers.map(\.duration))
    }

    /// - Parameters:
    ///   - path: per stage, how long it keeps what comes after it waiting.
    ///   - crossing: per flow, how long it travels.
    static func makespan(_ problem: PlacementProblem, _ path: [TimeSpan], _ crossing: [TimeSpan]) -> TimeSpan {
        var finish = [TimeSpan](repeating: .zero, count: path.count)
        for v in problem.network.order {
            var start = TimeSpan.zero
            for edge in problem.network.edges where edge.to == v { start = max(start, finish[edge.from]) }
            for (flow, duration) in zip(problem.flows, crossing) where flow.reader == v {
                var departure = TimeSpan.zero
                if case .stage(let index) = flow.source { departure = finish[index] }
                start = max(start, departure + duration)
            }
            finish[v] = start + path[v]
        }
        return finish.max() ?? .zero
    }
}
