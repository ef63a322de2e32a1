import SkyCatalog
public import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

/// Which try of which stage, by position.
package struct AttemptPosition: Hashable, Sendable {
    package let stage: Int
    package let attempt: Int
}

/// Nodes that outlive their stage: one that is done leaves them to another of the run that would rent just the same.
extension RunState {
    /// Stages that are about to ask for nodes take over such as are left. What nobody can want any more is given back: only
    /// stages that are looking whether they were done before may still come to need some, and they know in a moment.
    mutating func passNodesOn(at: Instant) {
        defer { asking = [] }
        guard !yielding.isEmpty else { return }
        for heir in asking where stages[heir].waitsForNodes {
            guard let giver = yielding.first(where: { stages[heir].wouldRent(whatIsLeftBy: stages[$0], at: at) }) else {
                continue
            }
            pass(nodesOf: giver, to: heir, at: at)
        }
        var heirs = stages.indices.filter { stages[$0].phase == .lookingUp }
        for giver in yielding where stages[giver].phase == .yielding {
            if let heir = heirs.firstIndex(where: { stages[$0].wouldRent(whatIsLeftBy: stages[giver], at: at) }) {
                heirs.remove(at: heir)
            } else {
                update(giver) { $0.release(then: .end(.succeeded), at: at) }
            }
        }
        yielding.removeAll { stages[$0].phase != .yielding }
    }

    /// The other stage that had the attempt's nodes before; nil when they were rented for the stage itself.
    public func formerHolder(ofNodesOf id: AttemptID) -> String? {
        let former = attempt(id)?.inheritedFrom.map { stages[$0.stage].name }
        return former == id.stage ? nil : former
    }

    private mutating func pass(nodesOf giver: Int, to heir: Int, at: Instant) {
        guard let current = stages[giver].current, let group = stages[giver].attempts[current].group else { return }
        let source = AttemptPosition(stage: giver, attempt: current)
        let (zone, since) = (stages[giver].attempts[current].zone, stages[giver].attempts[current].nodesSince)
        let next = AttemptPosition(stage: heir, attempt: stages[heir].attempts.endIndex - 1)
        update(giver) { stage in
            stage.attempts[current].heir = next
            stage.givenBack(current, nil, at: at)
            stage.end(.succeeded, at: at)
        }
        update(heir) { $0.inherit(group, from: source, zone: zone, since: since, at: at) }
    }

    /// Nothing is left of nodes that several tries had one after the other: each has the part of the provider's span that
    /// was its own.
    mutating func givenBackInherited(_ last: AttemptPosition, _ held: HeldSpan?, at: Instant) {
        let isSettled = stages[last.stage].attempts[last.attempt].haltedAt != nil
        update(last.stage) { $0.givenBack(last.attempt, nil, at: at) }
        if !isSettled { bookInherited(last, held) }
    }

    /// Shares the provider's span among those who had the nodes one after the other.
    mutating func bookInherited(_ last: AttemptPosition, _ held: HeldSpan?) {
        guard let held else { return }
        var (position, until) = (last, held.until)
        while true {
            let attempt = stages[position.stage].attempts[position.attempt]
            let former = attempt.inheritedFrom.map { stages[$0.stage].attempts[$0.attempt] }
            // The provider's span begins when they were started last; before that, the account is settled. Of nodes that
            // were not started it is still the span that was settled then.
            let isRestarted = former?.haltedAt != nil
            if isRestarted, former?.heldUntilHalt?.since == held.since { return }
            let since = former == nil || isRestarted ? held.since : attempt.provisionedAt ?? held.since
            let part = HeldSpan(since: min(max(since, held.since), until), until: until)
            update(position.stage) { $0.book(part, for: position.attempt) }
            guard let source = attempt.inheritedFrom, !isRestarted else { return }
            (position, until) = (source, part.since)
        }
    }
}

extension StageState {
    /// Others of the run may have its nodes when it is done.
    var mayLeaveNodes: Bool {
        guard rules.nodeTraits != nil, deadline == nil, handover == nil, let current else { return false }
        return attempts[current].noticedLoss == nil
    }

    /// Nobody has been asked for any yet, but will be.
    fileprivate var waitsForNodes: Bool {
        guard phase == .provisioning, let current else { return false }
        return attempts[current].group == nil
    }

    fileprivate func wouldRent(whatIsLeftBy giver: StageState, at: Instant) -> Bool {
        guard let traits = rules.nodeTraits, traits == giver.rules.nodeTraits, planned.deadline == nil,
            giver.phase == .yielding, let current = giver.current, giver.attempts[current].noticedLoss == nil
        else { return false }
        let there = giver.attempts[current].planned
        guard planned.numNodes == there.numNodes, planned.pricePerHour == there.pricePerHour,
            planned.offer == there.offer
        else { return false }
        // Some machines are had for so long and no longer.
        guard let limit = planned.offer.timeLimit, let since = giver.attempts[current].nodesSince else { return true }
        return (at - since) + planned.durationRange.high <= limit
    }

    fileprivate mutating func inherit(
        _ group: NodeGroup, from source: AttemptPosition, zone: String?, since: Instant?, at: Instant
    ) {
        updateAttempt {
            $0.inheritedFrom = source
            $0.zone = zone
            $0.rentedAt = since
        }
        provisioned(group, at: at)
    }

    /// The provider's own word on when an attempt that is over had its nodes.
    fileprivate mutating func book(_ held: HeldSpan, for index: Int) {
        let before = attempts[index].nodeCost(until: held.until)
        attempts[index].held = held
        meter.settle(attempts[index].nodeCost(until: held.until) - before)
    }
}
