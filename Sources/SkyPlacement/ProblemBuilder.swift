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
    ///   - outlooks: what was worked out of deadlines on spot before, for problems that are alike.
    /// - Throws: `PlacementError.noOffers` naming every stage without a candidate, `.unknownPinnedStage`,
    ///   `.malformedPipeline`.
    public init(
        pipeline: Pipeline, offers: some OfferSource, history: PlacementHistory = PlacementHistory(),
        pins: [String: Offer] = [:], blocked: [BlockedPlace] = [], outlooks: DeadlineOutlooks = DeadlineOutlooks()
    ) throws(PlacementError) {
        for name in pins.keys.sorted() where pipeline.stage(named: name) == nil {
            throw .unknownPinnedStage(name, known: pipeline.stages.map(\.name))
        }
        let links = try StageLinks(pipeline, history: history)
        let stages = try CandidateFinder(
            offers: offers, history: history, pins: pins, blocked: blocked, outlooks: outlooks
        )
        .choices(for: pipeline)
        var geography = Geography(stages, sources: links.sources)
        self.pipeline = pipeline.name
        objective = pipeline.objective
        self.stages = stages
        self.history = history
        flows = links.flows
        caveats = links.caveats + Self.caveats(of: stages)
        network = NetworkBuilder.network(stages, links, &geography, offers)
        self.geography = geography
        areasOf = { offers.areas(of: $0) }
        transferChoice = offers.transferCurves.map { curves in
            TransferChoice(
                curves: curves,
                areas: links.flows.map { flow in
                    // Whatever binds an artifact binds its reader; more than that does no harm.
                    pipeline.stage(named: stages[flow.reader].name).map { pipeline.dataAreas(of: $0) } ?? []
                })
        }
    }

    private static func caveats(of stages: [StageChoices]) -> [String] {
        let unmeasured = stages.filter { stage in
            !stage.isService
                && stage.candidates.shortlist.contains {
                    $0.candidate.offer.market == .spot && $0.candidate.offer.interruptionsPerMonth == nil
                }
        }
        let onDemand = stages.filter { stage in stage.deadline != nil && !stage.requests.contains(where: \.wantsSpot) }
        let share = trimmed(InterruptionModel.assumedPerMonth * 100)
        return caveat(unmeasured.filter { $0.deadline == nil }, "\(share)% are taken to be lost within a month")
            + caveat(
                unmeasured.filter { $0.deadline != nil },
                "they are taken to come and go as scarce ones were seen to, half of them gone within an hour")
            + onDemand.map {
                "'\($0.name)' has a deadline and stays on demand: with 'use_spot: true' it would be on spot while it can wait"
            }
    }

    private static func caveat(_ unmeasured: [StageChoices], _ assumption: String) -> [String] {
        guard !unmeasured.isEmpty else { return [] }
        let names = unmeasured.map { "'\($0.name)'" }.joined(separator: ", ")
        return ["some spot machines for \(names) were never measured: \(assumption)"]
    }
}
