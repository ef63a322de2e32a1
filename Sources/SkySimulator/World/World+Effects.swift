import SkyBroker
import SkyCore
import SkyProviders
import SkySpec

/// How effects begin: each is sent on its way to where it is carried out.
extension World {
    func begin(_ effect: Effect, stage: Int, _ run: SimulatedRun) -> Operations.Reference {
        let isOfStage = run.state.stages.indices.contains(stage)
        let attempt = effect.work.attempt?.number ?? (isOfStage ? run.state.stages[stage].attempts.count : 0)
        let reference = operations.add(
            Operation(run: run.index, stage: stage, attempt: attempt, id: effect.id, work: effect.work))
        send(effect, AttemptPlace(run: run.index, stage: stage, number: attempt), run, reference)
        return reference
    }

    private func send(
        _ effect: Effect, _ place: AttemptPlace, _ run: SimulatedRun, _ reference: Operations.Reference
    ) {
        let (stage, attempt) = (place.stage, place.number)
        switch effect.work {
        case .lookUp(let name, let inputs): beginLookUp(name, inputs, place, reference)
        case .sleep(let alarm, let until):
            guard bug != .deafToClocks, bug != .deafToBudgets || alarm.slot != .budget else { break }
            let late = bug == .hearsClocksLate ? TimeSpan.seconds(7200) : .zero
            answer(reference, .alarm(alarm), at: max(now, until + (late - run.clockOffset)))
        case .relocate(let name, let excluded, let onDemandOnly, _):
            if isStuck(place, effect.id) { break }
            let rung = run.pipeline.ladders[stage].place(excluded: excluded, onDemandOnly: onDemandOnly)
            let event: RunEvent =
                if let rung {
                    .relocated(stage: name, rung.planned, zones: rung.zones)
                } else {
                    .notRelocatable(
                        stage: name,
                        message: bug == .failsWithoutReason
                            ? "" : "no other place is left; allow more places, or launch again later")
                }
            answer(reference, event, at: now + pause(place, effect.id, .zero, .seconds(2)))
        case .ask(let question): beginAsking(question, run, place, reference)
        case .keep: beginKeeping(place, reference)
        case .release(let id, _, _):
            guard bug == .forgetsRelease || bug == .doesNotWaitForRelease else {
                return travel(reference, place, effect.id)
            }
            put(.released(id), to: run)
            if bug == .doesNotWaitForRelease { proceed(reference, at: now + .seconds(1200)) }
        case .provision:
            let isLate = gate.strikes(.lateCreate, run: run.index, stage: stage, attempt: attempt, at: now)
            let way = isLate ? pause(place, effect.id, .seconds(1), .seconds(60)) : travelTime(place, effect.id)
            proceed(reference, at: now + way)
        case .run, .probe, .watch: travel(reference, place, effect.id)
        case .halt, .start: travel(reference, place, effect.id)
        case .deliver, .collect, .save:
            if isStuck(place, effect.id) { break }
            proceed(reference, at: now + pause(place, effect.id, .seconds(1), .seconds(90), Matter.carry))
        }
    }

    // MARK: Ways

    /// The operation comes from the queue again at a moment.
    func proceed(_ reference: Operations.Reference, at moment: Instant) {
        operations[reference]?.isQueued = true
        queue.push(.operation(reference), at: moment)
    }

    /// The operation's answer comes at a moment.
    func answer(_ reference: Operations.Reference, _ event: RunEvent, at moment: Instant) {
        operations[reference]?.answer = event
        operations[reference]?.isQueued = true
        queue.push(.operation(reference), at: moment)
    }

    private func travel(_ reference: Operations.Reference, _ place: AttemptPlace, _ id: Effect.ID) {
        proceed(reference, at: now + travelTime(place, id))
    }

    func travelTime(_ place: AttemptPlace, _ id: Effect.ID, tries: Int = 0) -> TimeSpan {
        span(
            Decision(
                Matter.travel, run: place.run, stage: place.stage, attempt: place.number,
                count: id.serial << 6 | tries & 63),
            TimeSpan(milliseconds: 20), TimeSpan(milliseconds: 600))
    }

    func pause(
        _ place: AttemptPlace, _ id: Effect.ID, _ least: TimeSpan, _ most: TimeSpan, _ matter: UInt8 = Matter.moment
    ) -> TimeSpan {
        span(
            Decision(matter, run: place.run, stage: place.stage, attempt: place.number, count: id.serial), least, most)
    }

    /// Never to be heard of again: only the phase's patience helps.
    private func isStuck(_ place: AttemptPlace, _ id: Effect.ID) -> Bool {
        gate.strikes(
            .stuckWork, run: place.run, stage: place.stage, attempt: place.number, count: id.serial, at: now)
    }

    // MARK: What takes no node

    private func beginLookUp(
        _ name: String, _ inputs: [StoredArtifact], _ place: AttemptPlace, _ reference: Operations.Reference
    ) {
        guard let run = runs[place.run], let operation = operations[reference], !isStuck(place, operation.id) else {
            return
        }
        let isKept = !run.pipeline.pipeline.stages[place.stage].outputs.isEmpty
        var reuse = isKept ? stores.finishedStage(under: recipe(place.stage, run, inputs: number(of: inputs))) : nil
        // An output that is gone is nothing to reuse.
        if let known = reuse, !known.outputs.allSatisfy({ stores.has(stores.number(of: $0)) }) { reuse = nil }
        answer(
            reference, .lookedUp(stage: name, reuse: reuse, why: reuse == nil ? "no earlier run did just this" : nil),
            at: now + pause(place, operation.id, TimeSpan(milliseconds: 2), TimeSpan(milliseconds: 200)))
    }

    private func beginAsking(
        _ question: Question, _ run: SimulatedRun, _ place: AttemptPlace, _ reference: Operations.Reference
    ) {
        guard let operation = operations[reference] else { return }
        let count = question.number
        if gate.strikes(.nobodyThere, run: place.run, stage: max(0, place.stage), count: count, at: now) {
            return answer(reference, .nobodyToAsk(question), at: now + .seconds(3))
        }
        let isNo = gate.strikes(.refusal, run: place.run, stage: max(0, place.stage), count: count, at: now)
        // Some never answer.
        if isStuck(place, operation.id) { return }
        let thought = pause(place, operation.id, .seconds(5), .seconds(600), Matter.person)
        expect(.answer(question, isYes: !isNo), to: run, at: now + thought)
    }

    private func beginKeeping(_ place: AttemptPlace, _ reference: Operations.Reference) {
        guard let run = runs[place.run] else { return }
        run.update(place) { _ in }
        let renter = run.renter(of: place)
        run.update(renter) { $0.keeper = reference }
        let attempt = run.attempt(renter)
        if !attempt.machines.isLive || attempt.liveGroups == 0 { return tellOfLoss(place, reference) }
        guard gate.strikes(.falseAbsence, run: place.run, stage: place.stage, attempt: place.number, at: now) else {
            return
        }
        tellOfLoss(place, reference)
    }

    /// The keeper finds out after some looks.
    func tellOfLoss(_ place: AttemptPlace, _ reference: Operations.Reference) {
        guard let run = runs[place.run], let operation = operations[reference], !operation.isQueued,
            run.state.stages[place.stage].attempts.indices.contains(place.number - 1)
        else { return }
        let id = run.state.stages[place.stage].attempts[place.number - 1].id
        answer(
            reference, .attemptFailed(id, .nodesLost(message: "the provider has taken the nodes")),
            at: now + pause(place, operation.id, .seconds(1), .seconds(20), Matter.detection))
    }
}

extension Effect.Work {
    /// The attempt that it is about.
    var attempt: AttemptID? {
        switch self {
        case .provision(let id, _, _), .deliver(let id, _, _, _, _), .run(let id, _, _), .probe(let id, _, _),
            .watch(let id, _, _, _), .save(let id, _, _, _), .keep(let id, _), .collect(let id, _),
            .release(let id, _, _),
            .halt(let id, _, _), .start(let id, _, _):
            id
        case .lookUp, .relocate, .ask, .sleep: nil
        }
    }
}
