public import SkyCatalog
import SkyCore
public import SkySpec

extension PlacementProblem {
    /// Works out every candidate, price and transfer of a pipeline.
    ///
    /// - Parameters:
    ///   - pins: stages that stay where they are, with the offer they run on; blocked places do not move them.
    ///   - blocked: what must not be used.
    /// - Throws: `PlacementError.noOffers` naming every stage without a candidate, `.unknownPinnedStage`,
    ///   `.malformedPipeline`.
    public init(
        pipeline: Pipeline, offers: some OfferSource, pins: [String: Offer] = [:], blocked: [BlockedPlace] = []
    ) throws(PlacementError) {
        for name in pins.keys.sorted() where pipeline.stage(named: name) == nil {
            throw .unknownPinnedStage(name, known: pipeline.stages.map(\.name))
        }
        let links = try StageLinks(pipeline)
        let stages = try Self.choices(pipeline, offers, pins, blocked)
        var geography = Geography(stages)
        self.pipeline = pipeline.name
        objective = pipeline.objective
        self.stages = stages
        flows = links.flows
        caveats = links.caveats
        network = Self.network(stages, links, &geography, offers)
        self.geography = geography
        areasOf = { offers.areas(of: $0) }
    }

    private static func choices(
        _ pipeline: Pipeline, _ offers: some OfferSource, _ pins: [String: Offer], _ blocked: [BlockedPlace]
    ) throws(PlacementError) -> [StageChoices] {
        var result: [StageChoices] = []
        var empty: [PlacementError.StageWithoutOffer] = []
        // Stages often ask for the same: a catalog is searched once for each different request.
        var known: [[ResourceRequest]: [Offer]] = [:]
        for stage in pipeline.stages {
            let pin = pins[stage.name]
            let requests = stage.acceptableResources
            let all = pin.map { [$0] } ?? known[requests] ?? allOffers(for: requests, offers)
            if pin == nil { known[requests] = all }
            let usable =
                pin != nil || blocked.isEmpty ? all : all.filter { offer in !blocked.contains { $0.blocks(offer) } }
            if all.isEmpty {
                let reasons = requests.map { offers.explainNoOffer(for: $0) }
                empty.append(.init(stage: stage.name, reason: reasons.joined(separator: "; or ")))
            } else if usable.isEmpty {
                let places = blocked.map(\.description).joined(separator: ", ")
                let what = all.count == 1 ? "its only offer is" : "all of its \(all.count) offers are"
                empty.append(.init(stage: stage.name, reason: "\(what) in blocked places (\(places))"))
            }
            let replicas = max(stage.service?.replicas ?? 1, 1)
            let numNodes = max(stage.numNodes, 1)
            let (nodes, overflow) = numNodes.multipliedReportingOverflow(by: replicas)
            let candidates = usable.enumerated().map { index, offer in
                Candidate(index: index, offer: offer, nodes: overflow ? .max : nodes, estimate: stage.estimate)
            }
            result.append(
                StageChoices(
                    name: stage.name, requests: requests, numNodes: numNodes, replicas: replicas,
                    isService: stage.service != nil, isPinned: pin != nil, candidates: candidates))
        }
        guard empty.isEmpty else { throw .noOffers(empty) }
        return result
    }

    /// In the source's order, each offer once.
    private static func allOffers(for requests: [ResourceRequest], _ source: some OfferSource) -> [Offer] {
        guard requests.count > 1 else { return requests.first.map(source.offers) ?? [] }
        var seen: Set<Offer> = []
        return requests.flatMap(source.offers).filter { seen.insert($0).inserted }
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
