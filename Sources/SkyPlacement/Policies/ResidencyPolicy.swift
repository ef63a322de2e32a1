import SkyCore

/// Keeps every stage, and so all that stages write, within parts of the world; inside them the pipeline's own objective
/// counts.
public struct ResidencyPolicy: ShapingPolicy {
    /// Any one of these, in lower case: `eu`, `de`, `europe`, `us`.
    public var areas: [String]

    public init(areas: [String]) { self.areas = areas.map { $0.lowercased() } }

    public var name: String { "residency in \(areas.joined(separator: " or "))" }

    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        let allowed = Set(areas)
        var known: [Location: Bool] = [:]
        func isInside(_ location: Location) -> Bool {
            if let answer = known[location] { return answer }
            let answer = !allowed.isDisjoint(with: problem.areas(of: location))
            known[location] = answer
            return answer
        }
        for stage in problem.stages where stage.isPinned {
            if let outside = stage.candidates.first(where: { !isInside($0.location) }) {
                throw .refused(policy: name, reason: "'\(stage.name)' already runs outside, at \(outside.location)")
            }
        }
        return try problem.keeping { _, candidate in
            isInside(candidate.location)
        } otherwise: { stage in
            let there = Set(stage.candidates.map(\.location)).reduce(into: Set<String>()) {
                $0.formUnion(problem.areas(of: $1))
            }
            let places = there.isEmpty ? "nowhere in particular" : "in \(there.sorted().joined(separator: ", "))"
            let wanted = areas.joined(separator: " or ")
            guard stage.candidates.count > 1 else { return "its only offer is \(places), not in \(wanted)" }
            return "none of its \(counted(stage.candidates.count, "offer")) is in \(wanted): they are \(places)"
        }
    }
}
