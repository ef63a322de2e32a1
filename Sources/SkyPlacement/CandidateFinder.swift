import SkyCatalog
import SkyCore
import SkySpec

/// Finds what each stage could run on.
struct CandidateFinder<Source: OfferSource> {
    let offers: Source
    let history: PlacementHistory
    let pins: [String: Offer]
    let blocked: [BlockedPlace]
    let outlooks: DeadlineOutlooks

    /// An offer, and how many nodes of it make a gang.
    struct Gang: Hashable {
        var offer: Offer
        var numNodes: Int
        var disk: Disk
        /// What takes over from it on demand, in stages with a deadline.
        var onDemand: Offer?
    }

    /// - Throws: `PlacementError.noOffers` naming every stage without a candidate, `.malformedPipeline`.
    func choices(for pipeline: Pipeline) throws(PlacementError) -> [StageChoices] {
        var result: [StageChoices] = []
        var empty: [PlacementError.StageWithoutOffer] = []
        // Stages often ask for the same.
        var known: [ResourceRequest: [Offer]] = [:]
        var listed: [ResourceRequest: ListedOffers] = [:]
        let speeds = speeds(for: pipeline)
        let residency = Residency(pipeline)
        let limits = TimeLimits(offers, history: history, speeds: speeds)
        for stage in pipeline.stages {
            if stage.deadline != nil, stage.service != nil {
                throw .malformedPipeline(
                    "stage '\(stage.name)' is a service: it has no end, so it can have no 'deadline'")
            }
            let pin = pins[stage.name]
            let requests = limits.requests(of: stage, residency)
            if let choices = listedChoices(of: stage, requests, speeds, &listed) {
                result.append(choices)
                continue
            }
            let all = pin.map { [pinned($0, of: stage, &known)] } ?? gangs(for: stage, requests, &known)
            let usable = pin == nil ? all.filter { !isBlocked($0.offer) } : all
            if usable.isEmpty {
                let reason = requests.isEmpty ? residency.explanation(of: stage) : reason(requests, all)
                empty.append(.init(stage: stage.name, reason: reason))
            }
            let choices = choices(of: stage, requests, usable, speeds)
            if choices.candidates.isEmpty, !usable.isEmpty {
                empty.append(.init(stage: stage.name, reason: missedDeadline(of: stage, choices, usable)))
            }
            result.append(choices)
        }
        guard empty.isEmpty else { throw .noOffers(empty) }
        return result
    }

    func isBlocked(_ offer: Offer) -> Bool { blocked.contains { $0.blocks(offer) } }

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
        return Gang(
            offer: offer, numNodes: numNodes, disk: Disk(stage.resources),
            onDemand: stage.deadline == nil ? nil : onDemand(insteadOf: offer, stage.acceptableResources, &known))
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
            let found = found(wanted, &known)
            let gangs =
                stage.deadline != nil
                ? gangs(of: found, wanted, numNodes, &known)
                : found.map { Gang(offer: $0, numNodes: numNodes, disk: Disk(request)) }
            if requests.count == 1 { return gangs }
            if stage.alternativesAreOrdered, gangs.contains(where: { !isBlocked($0.offer) }) { return gangs }
            result += gangs.filter { seen.insert($0).inserted }
        }
        return result
    }

    /// A catalog is searched once for each request.
    func found(_ request: ResourceRequest, _ known: inout [ResourceRequest: [Offer]]) -> [Offer] {
        if let offers = known[request] { return offers }
        let found = offers.offers(for: request)
        known[request] = found
        return found
    }

    private func choices(
        of stage: Stage, _ requests: [ResourceRequest], _ gangs: [Gang], _ speeds: [String: Double]
    ) -> StageChoices {
        var choices = choices(of: stage, requests, providers: Set(gangs.map(\.offer.provider)), speeds)
        let candidates =
            stage.deadline.map { inTime(stage, choices, gangs, by: $0) }
            ?? gangs.enumerated().map { candidate(index: $0, $1, choices) }
        choices.candidates = CandidateList(candidates)
        return choices
    }

    /// Without candidates yet.
    func choices(
        of stage: Stage, _ requests: [ResourceRequest], providers: Set<String>, _ speeds: [String: Double]
    ) -> StageChoices {
        let model = StageCostModel(stage, past: history.runs[stage.name] ?? [], speeds: speeds)
        let terms = Dictionary(
            providers.map { ($0, offers.terms(of: $0)) }, uniquingKeysWith: { first, _ in first })
        return StageChoices(
            name: stage.name, requests: requests, replicas: model.replicas, isService: model.isService,
            deadline: stage.deadline, isPinned: pins[stage.name] != nil, candidates: CandidateList([]), model: model,
            terms: terms)
    }

    func candidate(index: Int, _ gang: Gang, _ choices: StageChoices) -> Candidate {
        let numNodes = max(gang.numNodes, 1)
        return Candidate(
            index: index, machines: choices.machines(gang.offer, numNodes: numNodes, disk: gang.disk),
            numNodes: numNodes, model: choices.model)
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
