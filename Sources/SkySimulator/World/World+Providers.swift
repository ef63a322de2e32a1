import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// What operations come to where they are carried out: at providers.
extension World {
    func proceed(_ reference: Operations.Reference) {
        guard let operation = operations[reference] else { return }
        operations[reference]?.isQueued = false
        if let event = operation.answer {
            operations.remove(reference)
            guard operation.isHeard, let run = runs[operation.run] else { return }
            return hear(event, of: operation, run)
        }
        guard let run = runs[operation.run] else { return }
        carryOut(operation, reference, run)
        // What came of it nobody will hear.
        if !operation.isHeard, let left = operations[reference], !left.isQueued { operations.remove(reference) }
    }

    private func hear(_ event: RunEvent, of operation: Operation, _ run: SimulatedRun) {
        put(event, to: run)
        guard
            gate.strikes(
                .repeatedAnswer, run: run.index, stage: max(0, operation.stage), attempt: operation.attempt,
                count: operation.id.serial << 4 | Int(operation.id.slot.rawValue), at: now)
        else { return }
        let late = span(
            Decision(
                Matter.moment, run: run.index, stage: max(0, operation.stage), attempt: operation.attempt,
                count: operation.id.serial), TimeSpan(milliseconds: 1), .seconds(1200))
        post(event, to: run, after: late)
    }

    private func carryOut(_ operation: Operation, _ reference: Operations.Reference, _ run: SimulatedRun) {
        let place = AttemptPlace(run: operation.run, stage: operation.stage, number: operation.attempt)
        switch operation.work {
        case .provision(let id, let planned, let zone):
            arrive(provision: id, planned, zone, place, operation, reference, run)
        case .release(let id, _, _): arrive(release: id, place, operation, reference, run)
        case .halt(let id, _, _): arrive(halt: id, place, operation, reference, run)
        case .start(let id, _, _): arrive(start: id, place, operation, reference, run)
        // A job that is started although nobody waits any more does as if nothing had been sent.
        case _ where !operation.isHeard: break
        case .deliver(let id, _, let inputs, _, let checkpoint):
            deliver(id, inputs, checkpoint, place, operation, reference, run)
        case .run(let id, _, _), .probe(let id, _, _), .watch(let id, _, _, _):
            follow(id, place, operation, reference, run)
        case .save(let id, let group, let number, let endsJob):
            save(id, group, number, endsJob: endsJob, place, operation, run)
        case .collect(let id, let group): collect(id, group, place, operation, run)
        default: break
        }
    }

    // MARK: Renting

    private func arrive(
        provision id: AttemptID, _ planned: PlannedStage, _ zone: String?, _ place: AttemptPlace,
        _ operation: Operation, _ reference: Operations.Reference, _ run: SimulatedRun
    ) {
        run.update(place) { _ in }
        let attempt = run.attempt(place)
        let soon = now + travelTime(place, operation.id, tries: 1)
        func refuse(_ kind: ProviderError.Kind, _ message: String, at moment: Instant) {
            guard operation.isHeard else { return }
            answer(
                reference, .provisionFailed(id, ProviderError(kind, provider: planned.offer.provider, message)),
                at: moment)
        }
        if let (kind, message) = trouble(place, count: run.incarnation) { return refuse(kind, message, at: soon) }
        let asksAnew = bug == .newTokenAfterRestart && run.incarnation > 1
        switch attempt.machines {
        case .none where attempt.isFenced, .stopped, .lost, .givenBack:
            return refuse(.lost, "the group is gone", at: soon)
        case .creating(let readyAt) where !asksAnew:
            return answerProvisioned(id, reference, operation, run, place, at: max(soon, readyAt))
        case .up where !asksAnew: return answerProvisioned(id, reference, operation, run, place, at: soon)
        default: break
        }
        if gate.strikes(.badRequest, run: place.run, stage: place.stage, attempt: place.number, at: now) {
            return refuse(.badRequest, "\(planned.offer.instanceType) needs an image that is not there", at: soon)
        }
        let pool = cloud.pool(of: planned.offer, zone: zone)
        if let refusal = cloud.refusal(
            of: planned.numNodes, in: pool, offer: planned.offer, capacity: scenario.faults.nodesPerZone, gate: &gate,
            at: now)
        {
            guard operation.isHeard else { return }
            return answer(reference, .provisionFailed(id, refusal), at: soon)
        }
        make(id, planned, pool, place, operation, reference, run)
    }

    private func make(
        _ id: AttemptID, _ planned: PlannedStage, _ pool: Int, _ place: AttemptPlace, _ operation: Operation,
        _ reference: Operations.Reference, _ run: SimulatedRun
    ) {
        let boot = bootTime(place)
        let readyAt = now + boot
        let nodes = (0..<planned.numNodes).map { Node(id: "n\($0)", rank: $0, address: "10.0.0.\($0 & 255)") }
        let group = NodeGroup(
            token: id.token, run: id.run, provider: planned.offer.provider, region: planned.offer.region,
            instanceType: planned.offer.instanceType, state: .running, nodes: nodes)
        run.update(place) {
            if $0.machines.isLive { $0.strays.append(now) } else { $0.since = now }
            $0.machines = .creating(readyAt: readyAt)
            $0.liveGroups += 1
            $0.pool = pool
            $0.nodes = planned.numNodes
            $0.pricePerHour = planned.offer.pricePerHour * planned.numNodes
            $0.group = group
        }
        cloud.hold(planned.numNodes, in: pool)
        run.liveGroups += 1
        run.rate += run.attempt(place).pricePerHour
        run.peakRate = max(run.peakRate, run.rate)
        run.watch[place.stage].liveGroups += 1
        checks.made(place, in: run, self)
        scheduleFate(place, planned, readyAt, pool)
        if gate.strikes(.bootFailure, run: place.run, stage: place.stage, attempt: place.number, at: now) {
            queue.push(.node(place, .bootFailed), at: readyAt)
            guard operation.isHeard else { return }
            let error = ProviderError(
                .transient, provider: planned.offer.provider, "a node did not boot; the group was given back")
            return answer(reference, .provisionFailed(id, error), at: readyAt)
        }
        if gate.strikes(.hungCreate, run: place.run, stage: place.stage, attempt: place.number, at: now) { return }
        if gate.strikes(.lostCreateReply, run: place.run, stage: place.stage, attempt: place.number, at: now) {
            guard operation.isHeard else { return }
            let error = ProviderError(
                .transient, provider: planned.offer.provider, "the connection broke before the answer came")
            return answer(reference, .provisionFailed(id, error), at: now + .seconds(60))
        }
        answerProvisioned(id, reference, operation, run, place, at: readyAt)
    }

    private func bootTime(_ place: AttemptPlace) -> TimeSpan {
        let isSlow = gate.strikes(.slowCreate, run: place.run, stage: place.stage, attempt: place.number, at: now)
        let what = Decision(Matter.boot, run: place.run, stage: place.stage, attempt: place.number)
        return isSlow ? span(what, .seconds(400), .seconds(3600)) : span(what, .seconds(20), .seconds(300))
    }

    private func answerProvisioned(
        _ id: AttemptID, _ reference: Operations.Reference, _ operation: Operation, _ run: SimulatedRun,
        _ place: AttemptPlace, at moment: Instant
    ) {
        guard operation.isHeard, let group = run.attempt(place).group else { return }
        answer(reference, .provisioned(id, group), at: moment)
    }

    /// When the machines will go by themselves, if they will.
    private func scheduleFate(_ place: AttemptPlace, _ planned: PlannedStage, _ readyAt: Instant, _ pool: Int) {
        let what = Decision(Matter.moment, run: place.run, stage: place.stage, attempt: place.number, count: 0xffff)
        let life = span(what, .zero, TimeSpan(milliseconds: planned.duration.milliseconds * 3 / 2))
        func strikes(_ kind: FaultKind) -> Bool {
            gate.strikes(kind, run: place.run, stage: place.stage, attempt: place.number, at: now)
        }
        guard planned.offer.market == .spot else {
            if strikes(.nodeLoss) { queue.push(.node(place, .taken), at: readyAt + life) }
            return
        }
        if let end = cloud.endOfSpot(in: pool, at: now) { queue.push(.node(place, .taken), at: end) }
        if strikes(.preemption) {
            queue.push(.node(place, .notice), at: readyAt + life)
            queue.push(.node(place, .taken), at: readyAt + life + .seconds(120))
        } else if strikes(.unannouncedPreemption) {
            queue.push(.node(place, .taken), at: readyAt + life)
        }
    }

    /// Trouble that any call of a provider's interface can meet.
    func trouble(_ place: AttemptPlace, count: Int) -> (ProviderError.Kind, String)? {
        if gate.strikes(.rateLimit, run: place.run, stage: place.stage, attempt: place.number, count: count, at: now) {
            return (.transient, "too many calls; slow down")
        }
        let isPassing = gate.strikes(
            .passingTrouble, run: place.run, stage: place.stage, attempt: place.number, count: count, at: now)
        return isPassing ? (.transient, "an internal error at the provider") : nil
    }

    // MARK: Giving back

    private func arrive(
        release id: AttemptID, _ place: AttemptPlace, _ operation: Operation,
        _ reference: Operations.Reference, _ run: SimulatedRun
    ) {
        let renter = run.renter(of: place)
        run.update(renter) { _ in }
        let count = run.incarnation << 6 | operation.tries
        func strikes(_ kind: FaultKind) -> Bool {
            gate.strikes(kind, run: place.run, stage: place.stage, attempt: place.number, count: count, at: now)
        }
        func tryAgain(after pause: TimeSpan) {
            guard operation.isHeard else { return }
            operations[reference]?.tries += 1
            proceed(reference, at: now + pause)
        }
        if operation.tries < 60, strikes(.terminateFailure) {
            return tryAgain(after: .seconds(Int64(1 << min(operation.tries, 5))))
        }
        if run.attempt(renter).machines.isLive, operation.tries == 0,
            gate.strikes(.slowTerminate, run: place.run, stage: place.stage, attempt: place.number, at: now)
        {
            return tryAgain(after: pause(place, operation.id, .seconds(30), .seconds(3600)))
        }
        run.update(renter) { $0.isFenced = true }
        endMachines(renter, as: .givenBack)
        guard operation.isHeard else { return }
        if operation.tries < 60, strikes(.lostTerminateReply) { return tryAgain(after: .seconds(20)) }
        let span = run.attempt(renter).heldSpan
        answer(
            reference, .released(id, held: bug == .metersByOwnClock ? nil : span),
            at: now + travelTime(place, operation.id, tries: 1 + operation.tries))
    }

    /// Nothing of the attempt's group is left, for whatever reason. Of a group that is gone it does nothing.
    func endMachines(_ place: AttemptPlace, as end: RemoteAttempt.Machines) {
        guard let run = runs[place.run] else { return }
        let attempt = run.attempt(place)
        if attempt.machines == .stopped { return endStopped(place, as: end, run) }
        guard attempt.machines.isLive, let since = attempt.since else {
            if attempt.machines == .none, end == .givenBack { run.update(place) { $0.machines = .givenBack } }
            return
        }
        run.booked += Int128(attempt.pricePerHour.nanodollars) * Int128((now - since).milliseconds)
        run.update(place) {
            $0.machines = end
            $0.until = now
            $0.liveGroups -= 1
        }
        let occupant = attempt.occupant ?? place
        run.update(occupant) { if case .working = $0.job { $0.job = .killed } }
        cloud.free(attempt.nodes, in: attempt.pool)
        run.liveGroups -= 1
        run.rate = run.rate - attempt.pricePerHour
        run.watch[occupant.stage].liveGroups -= 1
    }
}
