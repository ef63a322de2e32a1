import SkyCatalog
import SkyCore
import SkySpec
import Testing

@testable import SkyPlacement

@Suite("Between equal plans")
struct TieTests {
    private func plan(_ shelves: [String: [Offer]], after: [String: [String]] = [:]) throws -> [String] {
        let stages = shelves.keys.sorted().map { name in
            var stage = SkySpec.Stage.named(name)
            stage.after = after[name] ?? []
            return stage
        }
        let pipeline = Pipeline(name: "p", stages: stages, directory: "/")
        let placement = try PlacementProblem(pipeline: pipeline, offers: Market(shelves: shelves)).cheapest()
        return shelves.keys.sorted().compactMap { name in
            placement[name].map { "\($0.offer.location) \($0.offer.instanceType) \($0.offer.market.rawValue)" }
        }
    }

    @Test("one provider is better than two, and one region than two")
    func gathers() throws {
        let dollar = usd("1")
        let found = try plan([
            "a": [.at("aws", "x", "m", dollar), .at("gcp", "y", "m", dollar), .at("gcp", "z", "m", dollar)],
            "b": [.at("azure", "x", "m", dollar), .at("gcp", "z", "m", dollar)],
            "c": [.at("aws", "x", "m", dollar), .at("gcp", "w", "m", dollar), .at("gcp", "z", "m", dollar)],
        ])
        #expect(found == ["gcp/z m on-demand", "gcp/z m on-demand", "gcp/z m on-demand"])
    }

    @Test("the same is found when the stages make a loop")
    func gathersInLoops() throws {
        let dollar = usd("1")
        let found = try plan(
            [
                "a": [.at("aws", "x", "m", dollar), .at("gcp", "z", "m", dollar)],
                "b": [.at("azure", "x", "m", dollar), .at("gcp", "z", "m", dollar)],
                "c": [.at("aws", "x", "m", dollar), .at("gcp", "z", "m", dollar)],
            ], after: ["b": ["a"], "c": ["a", "b"]])
        #expect(found == ["gcp/z m on-demand", "gcp/z m on-demand", "gcp/z m on-demand"])
    }

    @Test("on demand is better than spot at one price, and then names decide")
    func prefersOnDemand() throws {
        let dollar = usd("1")
        let found = try plan([
            "a": [
                .at("aws", "y", "n", dollar), .at("aws", "y", "m", dollar),
                .at("aws", "x", "a", usd("1.01"), market: .spot), .at("aws", "z", "m", dollar),
            ],
            "b": [.at("aws", "y", "m", .zero, market: .spot), .at("aws", "y", "n", .zero)],
        ])
        #expect(found == ["aws/y m on-demand", "aws/y n on-demand"])
    }
}
