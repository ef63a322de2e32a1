import SkyCatalog
import SkyCore

/// Stays where the pipeline's last run was: moves as few stages to another region as possible, then changes as few
/// machine types, then takes the cheapest. Stages that never ran are free.
public struct StickyPolicy: PlacementPolicy {
    /// Moves all the same when that saves more than this share of the cost of staying, in percent; nil: never.
    public var unlessSavingPercent: Double?

    public init(unlessSavingPercent: Double? = nil) { self.unlessSavingPercent = unlessSavingPercent }

    public var name: String { unlessSavingPercent.map { "sticky up to \(trimmed($0))%" } ?? "sticky" }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        guard problem.stages.contains(where: { problem.history.last(of: $0.name) != nil }) else {
            var placement = try problem.best()
            placement.remarks.append("no earlier run of this pipeline is known: there is nowhere to stay")
            return placement
        }
        let staying = try ranked(problem).best()
        guard let unlessSavingPercent else { return staying }
        let moving = try problem.best()
        let (dear, cheap) = (try problem.totals(of: staying).cost, try problem.totals(of: moving).cost)
        let share = Int64(min(max(unlessSavingPercent, 0), 100) * 1_000_000)
        guard dear - cheap > dear.scaled(by: share, over: 100_000_000) else { return staying }
        var placement = moving
        placement.remarks.append(
            "moved from where the last run was: staying would cost \(readable(dear)) instead of \(readable(cheap))")
        return placement
    }

    /// Each stage stays in the region that it got.
    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        let placement = try place(problem)
        return try problem.keeping { stage, candidate in candidate.location == placement[stage.name]?.location }
    }

    private func ranked(_ problem: PlacementProblem) -> PlacementProblem {
        // One move is worse than another type for every stage.
        let move = problem.stages.count + 1
        return problem.ranking { stage, candidate in
            guard let last = problem.history.last(of: stage.name) else { return 0 }
            guard candidate.location == last.location else { return move }
            return candidate.offer.instanceType == last.instanceType ? 0 : 1
        }
    }
}
