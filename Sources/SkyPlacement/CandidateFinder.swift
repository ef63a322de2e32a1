import SkyCatalog
import SkyCore
import SkySpec

/// Finds what each stage could run on.
struct CandidateFinder<Source: OfferSource> {
    let offers: Source
    let history: PlacementHistory
    let pins: [String: Offer]
    let blocked: [BlockedPlace]

    /// An offer, and how many nodes of it make a gang.
    private struct Gang: Hashable {
        var offer: Offer
        var numNodes: Int
        var disk: Disk
    }

    /// - Throws: `PlacementError.noOffers` naming every stage without a candidate.
    func choices(for pipeline: Pipeline) throws(PlacementError) -> [StageChoices] {
        var result: [StageChoices] = []
        var empty: [PlacementError.StageWithoutOffer] = []
        // Stages often ask for the same: a catalog is searched once for each different request.
        var known: [ResourceRequest: [Offer]] = [:]
        let speeds = speeds(for: pipeline)
        let residency = Residency(pipeline)
        for stage in pipeline.stages {
            let pin = pins[stage.name]
            let requests = residency.requests(of: stage).compactMap { $0?.sized(for: stage) }
            let all = pin.map { [pinned($0, of: stage, &known)] } ?? gangs(for: stage, requests, &known)
            let usable = pin == nil ? all.filter { !isBlocked($0.offer) } : all
            if usable.isEmpty {
                let reason = requests.isEmpty ? residency.explanation(of: stage) : reason(requests, all)
                empty.append(.init(stage: stage.name, reason: reason))
            }
            result.append(choices(of: stage, requests, usable, speeds))
        }
        guard empty.isEmpty else { throw .noOffers(empty) }
        return result
    }

    private func isBlocked(_ offer: Offer) -> Bool { blocked.contains { $0.blocks(offer) } }

    private func reason(_ requests: [ResourceRequest], _ all: [Gang]) -> String {
        guard !all.isEmpty else { return requests.map(offers.explainNoOffer).joined(separator: "; or ") }
        let places = blocked.map(\.description).joined(separator: ", ")
        let what = all.count == 1 ? "its only offer is" : "all of its \(all.count) offers are"
        return "\(what) in blocked places (\(places))"
    }

    /// As many nodes as the alternative asked for that brought the offer.
    private func pinned(_ offer: Offer, of stage: Stage, _ known: inout [ResourceRequest: [Offer]]) -> Gang {
        var numNodes = stage.numNodes
        if stage.alternatives.contains(where: { $0.numNodes != nil }) {
            numNodes =
                gangs(for: stage, stage.acceptableResources, &known).first { $0.offer == offer }?.numNodes ?? numNodes
        }
        return Gang(offer: offer, numNodes: numNodes, disk: Disk(stage.resources))
    }

    /// In the source's order, each once. Of ordered alternatives only the first that can be had counts.
    private func gangs(
        for stage: Stage, _ requests: [ResourceRequest], _ known: inout [ResourceRequest: [Offer]]
    ) -> [Gang] {
        var result: [Gang] = []
        var seen: Set<Gang> = []
        for request in requests {
            let numNodes = request.numNodes ?? stage.numNodes
            var wanted = request
            // All copies of a service are rented at one time.
            let machines = numNodes.multipliedReportingOverflow(by: max(stage.service?.replicas ?? 1, 1))
            if machines.partialValue > 1, !machines.overflow { wanted.numNodes = machines.partialValue }
            let found = known[wanted] ?? offers.offers(for: wanted)
            known[wanted] = found
            let gangs = found.map { Gang(offer: $0, numNodes: numNodes, disk: Disk(request)) }
            if requests.count == 1 { return gangs }
            if stage.alternativesAreOrdered, gangs.contains(where: { !isBlocked($0.offer) }) { return gangs }
            result += gangs.filter { seen.insert($0).inserted }
        }
        return result
    }

    private func choices(
        of stage: Stage, _ requests: [ResourceRequest], _ gangs: [Gang], _ speeds: [String: Double]
    ) -> StageChoices {
        let model = StageCostModel(stage, past: history.runs[stage.name] ?? [], speeds: speeds)
        let terms = Dictionary(
            Set(gangs.map(\.offer.provider)).map { ($0, offers.terms(of: $0)) }, uniquingKeysWith: { first, _ in first }
        )
        var choices = StageChoices(
            name: stage.name, requests: requests, replicas: model.replicas, isService: model.isService,
            isPinned: pins[stage.name] != nil, candidates: [], model: model, terms: terms)
        choices.candidates = gangs.enumerated().map { index, gang in
            let numNodes = max(gang.numNodes, 1)
            return Candidate(
                index: index, machines: choices.machines(gang.offer, numNodes: numNodes, disk: gang.disk),
                numNodes: numNodes, model: model)
        }
        return choices
    }

    /// Of all accelerators that the pipeline gives estimates for or could run on, by lower-case name.
    private func speeds(for pipeline: Pipeline) -> [String: Double] {
        var speeds: [String: Double] = [:]
        for stage in pipeline.stages where !stage.estimate.perAccelerator.isEmpty {
            let named = stage.acceptableResources.flatMap(\.accelerators)
            for accelerator in stage.estimate.perAccelerator.map(\.accelerator) + named {
                let name = accelerator.name.lowercased()
                if speeds[name] == nil { speeds[name] = offers.speed(ofAccelerator: accelerator.name) }
            }
        }
        return speeds
    }
}

extension ResourceRequest {
    /// With the stage's number of nodes where it has none of its own: there may not be so many of a kind.
    func sized(for stage: Stage) -> ResourceRequest {
        guard numNodes == nil, stage.numNodes > 1 else { return self }
        var sized = self
        sized.numNodes = stage.numNodes
        return sized
    }
}
