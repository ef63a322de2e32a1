import SkyCore
import SkySpec

/// Where data must stay, its readers and its maker must run.
struct Residency {
    /// By `stage.artifact`: the areas that the artifact must not leave.
    private var areasOfArtifact: [String: [String]] = [:]

    init(_ pipeline: Pipeline) {
        for stage in pipeline.stages {
            for output in stage.outputs where !output.areas.isEmpty {
                areasOfArtifact["\(stage.name).\(output.name)"] = output.areas
            }
        }
    }

    /// A stage's requests, narrowed to where all that it reads and writes may be. Nil in place of a request that no
    /// country meets.
    func requests(of stage: Stage) -> [ResourceRequest?] {
        let bounds = bounds(of: stage)
        guard !bounds.isEmpty else { return stage.acceptableResources }
        return stage.acceptableResources.map { request in
            var narrowed = request
            let all = (request.areas.isEmpty ? [] : [request.areas]) + bounds
            guard let areas = Self.common(all) else { return nil }
            narrowed.areas = areas
            return narrowed
        }
    }

    /// What keeps the stage where it is, for people: `its data must stay in eu`.
    func explanation(of stage: Stage) -> String {
        let bounds = bounds(of: stage).map { $0.joined(separator: " or ") }
        return
            "no country is in \(bounds.joined(separator: " and in ")), where its data must stay, and in what it asks for"
    }

    private func bounds(of stage: Stage) -> [[String]] {
        var bounds: [[String]] = []
        for output in stage.outputs where !output.areas.isEmpty { bounds.append(output.areas) }
        for input in stage.inputs {
            guard case .output(let maker, let artifact) = input.source else { continue }
            if let areas = areasOfArtifact["\(maker).\(artifact)"] { bounds.append(areas) }
        }
        var different: [[String]] = []
        for areas in bounds where !different.contains(areas) { different.append(areas) }
        return different
    }

    /// One list of areas that means "in every one of these lists"; nil when no country is.
    private static func common(_ lists: [[String]]) -> [String]? {
        guard let first = lists.first else { return [] }
        if lists.allSatisfy({ $0 == first }) { return first }
        var countries = members(of: first)
        for list in lists.dropFirst() { countries.formIntersection(members(of: list)) }
        // The name of a list that lies within all the others says more than its countries.
        if let inner = lists.first(where: { members(of: $0) == countries }) { return inner }
        return countries.isEmpty ? nil : countries.sorted()
    }

    private static func members(of areas: [String]) -> Set<String> {
        areas.reduce(into: []) { $0.formUnion(Areas.members(of: $1) ?? []) }
    }
}
