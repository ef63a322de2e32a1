import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// Machines that are stopped for a while: where that is carried out.
extension World {
    func arrive(
        halt id: AttemptID, _ place: AttemptPlace, _ operation: Operation, _ reference: Operations.Reference,
        _ run: SimulatedRun
    ) {
        let renter = run.renter(of: place)
        run.update(renter) { _ in }
        let count = run.incarnation << 6 | operation.tries
        let soon = now + travelTime(place, operation.id, tries: 1 + operation.tries)
        // Some machines cannot be stopped, and some are gone.
        let canStop = run.planned(renter)?.offer.market != .spot && bug != .stopsNothing
        guard canStop, run.attempt(renter).machines.isThere else {
            guard operation.isHeard else { return }
            if bug == .stopsNothing { return answer(reference, .halted(id), at: soon) }
            return answer(reference, .notHalted(id, message: "the group cannot be stopped"), at: soon)
        }
        let isRefused = gate.strikes(
            .passingTrouble, run: place.run, stage: place.stage, attempt: place.number, count: count, at: now)
        if operation.tries < 20, isRefused { return tryAgain(reference, operation, after: .seconds(5)) }
        stopMachines(renter, run)
        guard operation.isHeard else { return }
        let isLost = gate.strikes(
            .lostTerminateReply, run: place.run, stage: place.stage, attempt: place.number, count: count, at: now)
        if operation.tries < 20, isLost { return tryAgain(reference, operation, after: .seconds(20)) }
        answer(reference, .halted(id, held: run.attempt(renter).heldSpan), at: soon)
    }

    func arrive(
        start id: AttemptID, _ place: AttemptPlace, _ operation: Operation, _ reference: Operations.Reference,
        _ run: SimulatedRun
    ) {
        let renter = run.renter(of: place)
        run.update(renter) { _ in }
        run.update(place) { _ in }
        let attempt = run.attempt(renter)
        let soon = now + travelTime(place, operation.id, tries: 1)
        func refuse(_ kind: ProviderError.Kind, _ message: String) {
            guard operation.isHeard, let offer = run.planned(place)?.offer else { return }
            answer(reference, .provisionFailed(id, ProviderError(kind, provider: offer.provider, message)), at: soon)
        }
        guard let planned = run.planned(place) else { return refuse(.lost, "the group is gone") }
        switch attempt.machines {
        case .creating(let readyAt): return up(id, reference, operation, attempt, at: max(soon, readyAt))
        case .up: return up(id, reference, operation, attempt, at: soon)
        case .stopped where !attempt.isFenced: break
        default: return refuse(.lost, "the group is gone")
        }
        if let (kind, message) = trouble(place, count: run.incarnation) { return refuse(kind, message) }
        if let refusal = cloud.refusal(
            of: attempt.nodes, in: attempt.pool, offer: planned.offer, capacity: scenario.faults.nodesPerZone,
            gate: &gate, at: now)
        {
            return refuse(refusal.kind, refusal.message)
        }
        let what = Decision(Matter.boot, run: place.run, stage: place.stage, attempt: place.number, count: 1)
        let readyAt = now + span(what, .seconds(20), .seconds(120))
        run.update(renter) {
            $0.machines = .creating(readyAt: readyAt)
            $0.since = now
            $0.until = nil
        }
        cloud.hold(attempt.nodes, in: attempt.pool)
        run.stoppedGroups -= 1
        run.rate += attempt.pricePerHour
        run.peakRate = max(run.peakRate, run.rate)
        up(id, reference, operation, attempt, at: readyAt)
    }

    private func up(
        _ id: AttemptID, _ reference: Operations.Reference, _ operation: Operation, _ attempt: RemoteAttempt,
        at moment: Instant
    ) {
        guard operation.isHeard, let group = attempt.group else { return }
        answer(reference, .provisioned(id, group), at: moment)
    }

    private func tryAgain(_ reference: Operations.Reference, _ operation: Operation, after pause: TimeSpan) {
        guard operation.isHeard else { return }
        operations[reference]?.tries += 1
        proceed(reference, at: now + pause)
    }

    private func stopMachines(_ place: AttemptPlace, _ run: SimulatedRun) {
        let attempt = run.attempt(place)
        guard attempt.machines.isLive, let since = attempt.since else { return }
        run.booked += Int128(attempt.pricePerHour.nanodollars) * Int128((now - since).milliseconds)
        run.update(place) {
            $0.machines = .stopped
            $0.until = now
        }
        let occupant = attempt.occupant ?? place
        run.update(occupant) { if case .working = $0.job { $0.job = .killed } }
        cloud.free(attempt.nodes, in: attempt.pool)
        run.stoppedGroups += 1
        run.rate = run.rate - attempt.pricePerHour
    }

    /// What is stopped is booked already.
    func endStopped(_ place: AttemptPlace, as end: RemoteAttempt.Machines, _ run: SimulatedRun) {
        let occupant = run.attempt(place).occupant ?? place
        run.update(place) {
            $0.machines = end
            $0.liveGroups -= 1
        }
        run.liveGroups -= 1
        run.stoppedGroups -= 1
        run.watch[occupant.stage].liveGroups -= 1
    }
}
