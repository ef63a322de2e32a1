import SkyCore
import SkySpec

/// What earlier runs of a pipeline showed, on machines that were really rented.
public struct PlacementHistory: Hashable, Sendable, Codable {
    /// By stage name, the oldest first.
    public var stages: [String: [PastStage]]

    public init(_ stages: [String: [PastStage]] = [:]) { self.stages = stages }

    /// Where the stage ran last; nil if it never did.
    public func lastRun(of stage: String) -> PastStage? { stages[stage]?.last }

    /// How large an output was in the latest runs that made it, or nil.
    func size(of artifact: String, madeBy stage: String) -> Estimate<DataSize>? {
        let sizes = (stages[stage] ?? []).compactMap { $0.outputSizes[artifact] }
            .suffix(DurationModel.runsThatCount).sorted()
        guard let low = sizes.first, let high = sizes.last else { return nil }
        return Estimate(low: low, expected: sizes[sizes.count / 2], high: high)
    }
}
