import SkyCore
import SkySpec

/// Where data must stay, its readers and its maker must run.
struct Residency {
    private let pipeline: Pipeline

    init(_ pipeline: Pipeline) { self.pipeline = pipeline }

    /// A stage's requests, narrowed to where all that it reads and writes may be. Nil in place of a request that no
    /// country meets.
    func requests(of stage: Stage) -> [ResourceRequest?] {
        let bounds = pipeline.dataAreas(of: stage)
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
        let bounds = pipeline.dataAreas(of: stage).map { $0.joined(separator: " or ") }
        return
            "no country is in \(bounds.joined(separator: " and in ")), where its data must stay, and in what it asks for"
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
