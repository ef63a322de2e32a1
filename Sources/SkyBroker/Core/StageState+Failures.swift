import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// What becomes of a stage when something fails.
extension StageState {
    mutating func provisionFailed(_ error: ProviderError, dice: UInt32, at: Instant) {
        guard phase == .provisioning || phase == .starting else { return }
        note(error.description)
        // Of machines that cannot be started the place is not to blame.
        if phase == .starting, error.kind == .lost || error.kind == .badRequest {
            return release(then: .retry(pause: .zero), at: at)
        }
        if isOnDeadlineSpot, error.kind == .noCapacity || error.kind == .lost { return spotIsGone(at: at) }
        let decision = FailurePolicy.decision(
            for: error.kind, at: offer, excluded: excluded, transientFailures: transientFailures,
            zonesLeft: deadline == nil && zones.count > 1, dice: dice)
        switch decision {
        case .fail: release(then: .end(.failed(error.description)), at: at)
        case .pause(let span):
            transientFailures += 1
            release(then: .retry(pause: span), at: at)
        case .nextZone: nextZone(at: at)
        case .move(let places):
            excluded += places
            release(then: .relocate, at: at)
        }
    }

    mutating func failed(_ failure: AttemptFailure, dice: UInt32, at: Instant) {
        // What happens to nodes that it has done with is no trouble of its own.
        if phase == .yielding { return release(then: .end(.succeeded), at: at) }
        // What becomes of nodes that are only looked at changes nothing any more.
        if phase.isHeld { return endHold(at: at) }
        switch failure {
        case .inputsLost(let artifacts):
            note("lost: \(artifacts.joined(separator: ", "))")
            release(then: .wait, at: at)
        case .stage(let message): stageFailed(message, dice: dice, at: at)
        case .nodesLost(let message):
            note(message)
            offer.market == .spot ? interrupted(at: at) : nodesLost(at: at)
        case .transient(let message): troubled(message, dice: dice, at: at)
        }
    }

    /// Passing trouble on our side of the nodes: tried again on these, and when that was in vain for long enough on others.
    private mutating func troubled(_ message: String, dice: UInt32, at: Instant) {
        var trouble = setback ?? Setback(at: at)
        // After so long it is another one.
        if at - trouble.nextTry >= FailurePolicy.steadyWork { trouble = Setback(at: at) }
        let spent = trouble.since - (attempt?.startedAt ?? trouble.since)
        let end = trouble.since + FailurePolicy.patience(afterSpending: spent)
        guard at < end else { return triedInVain(message, since: trouble.since, dice: dice, at: at) }
        note(message)
        trouble.nextTry = min(at + FailurePolicy.pause(after: trouble.count, dice: dice), end)
        trouble.count += 1
        trouble.isResting = true
        rest(with: trouble)
    }

    /// Nothing came of these nodes, by trouble on our side of them.
    private mutating func triedInVain(_ message: String, since: Instant, dice: UInt32, at: Instant) {
        note(message)
        // Machines come each time; that they do cures nothing, and each try pays for them.
        if hasWorkedSteadily(until: since) { troubles = 0 }
        troubles += 1
        guard troubles < FailurePolicy.troublesBeforeFailing else {
            return release(then: .end(.failed("\(message); it was tried \(troubles) times")), at: at)
        }
        release(then: .retry(pause: FailurePolicy.pause(after: troubles, dice: dice)), at: at)
    }

    private func hasWorkedSteadily(until moment: Instant) -> Bool {
        guard phase == .running || phase == .probing || phase.isServing, let begun = attempt?.deliveredAt else {
            return false
        }
        return moment - begun >= FailurePolicy.steadyWork
    }

    /// The stage's own fault: tried again as often as its author allows.
    mutating func stageFailed(_ message: String, dice: UInt32, at: Instant) {
        note(message)
        guard errors < rules.retries else {
            let tries = errors == 0 ? "" : "; it was tried \(errors + 1) times"
            return failForGood(message + tries, at: at)
        }
        errors += 1
        release(then: .retry(pause: backoff(errors, dice)), at: at)
    }

    /// Ends the stage, at once or after people have had their time to look at its nodes.
    private mutating func failForGood(_ message: String, at: Instant) {
        guard let span = rules.keepOnFailure, phase.usesNodes, handover == nil, attempt?.noticedLoss == nil,
            budget?.isSpent != true
        else { return release(then: .end(.failed(message)), at: at) }
        note(message)
        saves.end(nextAt: nil)
        work.end()
        enter(.held(until: at + span, failure: message), at: at)
    }

    /// The time is over, or somebody wants the nodes back.
    mutating func endHold(at: Instant) {
        guard case .held(_, let failure) = phase else { return }
        release(then: .end(.failed(failure)), at: at)
    }

    /// Spot machines were taken back: the zone is left out, and after some times spot altogether.
    private mutating func interrupted(at: Instant) {
        interruptions += 1
        if isOnDeadlineSpot { return spotIsGone(at: at) }
        if let most = rules.interruptionsBeforeOnDemand, interruptions >= most {
            isOnDemandOnly = true
            release(then: .relocate, at: at)
        } else if zones.count > 1 {
            nextZone(at: at)
        } else {
            excluded += FailurePolicy.soldOut(offer, excluded)
            release(then: .relocate, at: at)
        }
    }

    /// What it has or asks for now is spot, and its deadline decides what comes next.
    private var isOnDeadlineSpot: Bool { deadline != nil && offer.market == .spot }

    private mutating func nodesLost(at: Instant) {
        losses += 1
        if losses < FailurePolicy.lossesBeforeMoving { return release(then: .retry(pause: .zero), at: at) }
        excluded.append(BlockedPlace(provider: offer.provider, region: offer.region))
        release(then: .relocate, at: at)
    }

    private mutating func nextZone(at: Instant) {
        excluded.append(BlockedPlace(machinesOf: offer, zone: zones.removeFirst()))
        release(then: .retry(pause: .zero), at: at)
    }

    /// A phase has taken longer than any that goes well.
    mutating func patienceIsOver(run: RunID, dice: UInt32, at: Instant) {
        let limit = PhaseLimits.limit(of: phase) ?? .zero
        switch phase {
        case .lookingUp:
            why = "whether it was done before could not be found out within \(limit)"
            proceed(run: run, at: at)
        case .provisioning:
            let message = "no machines came within \(limit)"
            provisionFailed(
                ProviderError(.noCapacity, provider: offer.provider, message), dice: dice, at: at)
        case .starting:
            let message = "the machines did not start within \(limit)"
            provisionFailed(
                ProviderError(.noCapacity, provider: offer.provider, message), dice: dice, at: at)
        case .halting: notHalted("they did not stop within \(limit)", at: at)
        case .delivering, .collecting:
            triedInVain("carrying files took longer than \(limit)", since: at, dice: dice, at: at)
        case .saving(let next):
            note("the checkpoint was not fetched within \(PhaseLimits.saving)")
            release(then: next, at: at)
        case .relocating: end(.failed("no other place was found within \(limit)"), at: at)
        case .yielding: release(then: .end(.succeeded), at: at)
        case .asking: end(.failed("nobody agreed within \(limit): \(proposal?.question ?? "")"), at: at)
        default: break
        }
    }
}
