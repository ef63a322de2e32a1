import SkyCatalog
import SkyCore

/// Places every stage exactly where a plan that was made before has it.
public struct SamePlaces: PlacementPolicy {
    private let plan: Plan

    public init(as plan: Plan) { self.plan = plan }

    public var name: String { plan.policy }

    /// - Throws: `.refused` naming the stages whose offer is no longer there.
    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        var candidates: [String: Candidate] = [:]
        var gone: [String] = []
        for stage in problem.stages {
            guard let planned = plan.stage(named: stage.name) else { continue }
            if let same = stage.candidates.first(where: { $0.isPlace(of: planned) }) {
                candidates[stage.name] = same
            } else {
                gone.append("\(stage.name) on \(planned.offer.location) \(planned.offer.instanceType)")
            }
        }
        guard gone.isEmpty else {
            throw .refused(policy: name, reason: "no longer offered: \(gone.joined(separator: ", "))")
        }
        return Placement(candidates)
    }
}

extension Candidate {
    /// The same machine in the same place and market, whatever it costs now.
    fileprivate func isPlace(of planned: PlannedStage) -> Bool {
        let (own, other) = (offer, planned.offer)
        return own.location == other.location && own.zone == other.zone && own.instanceType == other.instanceType
            && own.market == other.market && own.accelerator == other.accelerator && numNodes == planned.numNodes
            && (deadline == nil) == (planned.deadline == nil)
    }
}
