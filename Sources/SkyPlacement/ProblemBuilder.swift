public import SkyCatalog
import SkyCore
public import SkySpec

extension PlacementProblem {
    /// Works out every candidate, price and transfer of a pipeline.
    ///
    /// - Parameters:
    ///   - history: where earlier runs of the pipeline ran, and how long they took.
    ///   - pins: stages that stay where they are, with the offer they run on; blocked places do not move them.
    ///   - blocked: what must not be used.
    /// - Throws: `PlacementError.noOffers` naming every stage without a candidate, `.unknownPinnedStage`,
    ///   `.malformedPipeline`.
    public init(
        pipeline: Pipeline, offers: some OfferSource, history: PlacementHistory = PlacementHistory(),
        pins: [String: Offer] = [:], blocked: [BlockedPlace] = []
    ) throws(PlacementError) {
        for name in pins.keys.sorted() where pipeline.stage(named: name) == nil {
            throw .unknownPinnedStage(name, known: pipeline.stages.map(\.name))
        }
        let links = try StageLinks(pipeline, history: history)
        let stages = try CandidateFinder(offers: offers, history: history, pins: pins, blocked: blocked)
            .choices(for: pipeline)
        var geography = Geography(stages)
        self.pipeline = pipeline.name
        objective = pipeline.objective
        self.stages = stages
        self.history = history
        flows = links.flows
        caveats = links.caveats + Self.caveats(of: stages)
        network = NetworkBuilder.network(stages, links, &geography, offers)
        self.geography = geography
        areasOf = { offers.areas(of: $0) }
    }

    private static func caveats(of stages: [StageChoices]) -> [String] {
        let unmeasured = stages.filter { stage in
            !stage.isService
                && stage.candidates.shortlist.contains {
                    $0.candidate.offer.market == .spot && $0.candidate.offer.interruptionsPerMonth == nil
                }
        }
        guard !unmeasured.isEmpty else { return [] }
        let share = trimmed(InterruptionModel.assumedPerMonth * 100)
        let names = unmeasured.map { "'\($0.name)'" }.joined(separator: ", ")
        return ["some spot machines for \(names) were never measured: \(share)% are taken to be lost within a month"]
    }
}
