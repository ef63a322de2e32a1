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
        network = Self.network(stages, links, &geography, offers)
        self.geography = geography
        areasOf = { offers.areas(of: $0) }
    }

    private static func caveats(of stages: [StageChoices]) -> [String] {
        let unmeasured = stages.filter { stage in
            !stage.isService
                && stage.candidates.contains { $0.offer.market == .spot && $0.offer.interruptionsPerMonth == nil }
        }
        guard !unmeasured.isEmpty else { return [] }
        let share = trimmed(InterruptionModel.assumedPerMonth * 100)
        let names = unmeasured.map { "'\($0.name)'" }.joined(separator: ", ")
        return ["some spot machines for \(names) were never measured: \(share)% are taken to be lost within a month"]
    }

    private static func network(
        _ stages: [StageChoices], _ links: StageLinks, _ geography: inout Geography, _ rates: some TransferRates
    ) -> Network {
        var nodes: [Network.Node] = []
        for (index, stage) in stages.enumerated() {
            let places = geography.placesOfStage[index]
            let entries = links.flows.filter { $0.reader == index && $0.source == .here && $0.size > .zero }
            if !entries.isEmpty { geography.learn(from: [geography.here], to: places, rates) }
            let (options, first) = Frontier(stage, places: geography.placeOfCandidate[index])
                .flattened(placeCount: places.count)
            let crossings = places.map { crossing(entries, from: geography.here, to: $0, geography) }
            nodes.append(
                Network.Node(
                    options: options, first: first, entryCost: crossings.map(\.cost), entryTime: crossings.map(\.time)))
        }
        var edges: [Network.Edge] = []
        for link in links.pairs {
            let moved = links.flows.filter {
                $0.source == .stage(link.from) && $0.reader == link.to && $0.size > .zero
            }
            let (sources, targets) = (geography.placesOfStage[link.from], geography.placesOfStage[link.to])
            if !moved.isEmpty { geography.learn(from: sources, to: targets, rates) }
            edges.append(
                Network.Edge(
                    from: link.from, to: link.to,
                    table: moved.isEmpty ? nil : table(moved, from: sources, to: targets, geography)))
        }
        return Network(nodes: nodes, edges: edges, order: links.order)
    }

    private static func table(
        _ moved: [Flow], from sources: [Int], to targets: [Int], _ geography: Geography
    ) -> TransferTable {
        var cost: [Int64] = []
        var time: [Int64] = []
        cost.reserveCapacity(sources.count * targets.count)
        time.reserveCapacity(sources.count * targets.count)
        for source in sources {
            var last: (rate: Geography.Rate, crossing: (cost: Int64, time: Int64))?
            for target in targets {
                // Neighbours in the list are mostly of one provider, and so equally far away.
                let rate = geography.rate(from: source, to: target)
                let one =
                    if let last, last.rate == rate { last.crossing } else {
                        crossing(moved, from: source, to: target, geography)
                    }
                last = (rate, one)
                cost.append(one.cost)
                time.append(one.time)
            }
        }
        return TransferTable(columns: targets.count, cost: cost, time: time)
    }

    /// Several artifacts on one way each have to be paid for, and travel side by side.
    private static func crossing(
        _ moved: [Flow], from source: Int, to target: Int, _ geography: Geography
    ) -> (cost: Int64, time: Int64) {
        var (cost, time): (Int64, Int64) = (0, 0)
        for flow in moved {
            let price = geography.cost(of: flow.size, from: source, to: target).nanodollars
            cost = Network.plus(cost, min(price, Network.none))
            time = max(time, geography.time(of: flow.size, from: source, to: target).milliseconds)
        }
        return (cost, time)
    }
}
