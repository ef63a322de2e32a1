import SkyCatalog
import SkyCore
import SkySpec

/// Stages with a deadline of their own.
extension CandidateFinder {
    /// Those who ask for spot may get on demand as well: by itself, and to take over from spot.
    func gangs(
        of found: [Offer], _ request: ResourceRequest, _ numNodes: Int, _ known: inout [ResourceRequest: [Offer]]
    ) -> [Gang] {
        let disk = Disk(request)
        guard request.wantsSpot else { return found.map { Gang(offer: $0, numNodes: numNodes, disk: disk) } }
        let onDemand = onDemandOffers([request], &known)
        var twins = OnDemandTwins(onDemand)
        return found.map { Gang(offer: $0, numNodes: numNodes, disk: disk, onDemand: twins.twin(of: $0)) }
            + onDemand.map { Gang(offer: $0, numNodes: numNodes, disk: disk) }
    }

    func onDemand(
        insteadOf spot: Offer, _ requests: [ResourceRequest], _ known: inout [ResourceRequest: [Offer]]
    ) -> Offer? {
        var twins = OnDemandTwins(onDemandOffers(requests.filter(\.wantsSpot), &known))
        return twins.twin(of: spot)
    }

    private func onDemandOffers(
        _ requests: [ResourceRequest], _ known: inout [ResourceRequest: [Offer]]
    ) -> [Offer] {
        requests.flatMap { request -> [Offer] in
            guard let relaxed = request.relaxing(.spot) else { return [] }
            let offers = found(relaxed, &known)
            return blocked.isEmpty ? offers : offers.filter { !isBlocked($0) }
        }
    }

    /// What keeps the deadline for certain: machines on demand that are fast enough, and spot with one of them behind it.
    func inTime(
        _ stage: Stage, _ choices: StageChoices, _ gangs: [Gang], by deadline: TimeSpan
    ) -> [Candidate] {
        let costs = DeadlineCostModel(stage: choices.model, deadline: deadline, outlooks: outlooks)
        var candidates: [Candidate] = []
        for gang in gangs {
            let numNodes = max(gang.numNodes, 1)
            let machines = choices.machines(gang.offer, numNodes: numNodes, disk: gang.disk)
            let duration = choices.model.durations.duration(on: gang.offer)
            if let twin = gang.onDemand {
                let onDemand = choices.machines(twin, numNodes: numNodes, disk: gang.disk)
                if let course = costs.course(spot: machines, onDemand: onDemand, duration.duration) {
                    candidates.append(
                        Candidate(
                            index: candidates.count, machines: machines, numNodes: numNodes, duration: duration,
                            model: choices.model, outcome: course.outcome, deadline: course.terms))
                    continue
                }
            }
            // A stage that has begun stays, whatever it promises.
            let isKept = gang.offer.market == .onDemand && costs.isKept(on: machines, duration.duration)
            if isKept || choices.isPinned { candidates.append(candidate(index: candidates.count, gang, choices)) }
        }
        return candidates
    }

    func missedDeadline(of stage: Stage, _ choices: StageChoices, _ gangs: [Gang]) -> String {
        let needs = gangs.filter { $0.offer.market == .onDemand }.map { gang in
            let machines = choices.machines(gang.offer, numNodes: max(gang.numNodes, 1), disk: gang.disk)
            return (
                machines.terms.bootTime + choices.model.durations.duration(on: gang.offer).duration.high, gang.offer
            )
        }
        let deadline = stage.deadline ?? .zero
        guard let (fastest, offer) = needs.min(by: { $0.0 < $1.0 }) else {
            return "only spot machines fit, and none of them can promise its deadline of \(deadline): "
                + "no such machine is to be had on demand in the same region"
        }
        let most = choices.model.durations.duration(on: offer).duration
        let work = most.isOneFigure ? "" : ", if it works for \(most.high) as it may"
        let which = needs.count == 1 ? "its only offer on demand" : "the fastest of \(counted(needs.count, "offer"))"
        return "nothing keeps its deadline of \(deadline): \(which), "
            + "\(offer.location) \(offer.instanceType), takes \(fastest) with its start\(work)"
    }
}

extension ResourceRequest {
    /// Only spot machines will do.
    var wantsSpot: Bool { useSpot || capabilities.contains("spot") }
}
