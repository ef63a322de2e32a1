import SkyCore
import SkyProviders
import SkyRuntime

extension RunState {
    /// Takes one event in and says which stages it has changed, by position: only their effects can differ now.
    ///
    /// An event about an attempt that is no longer the stage's current one, or that its phase does not wait for, is a
    /// late echo and changes nothing: effects are begun again after a restart, so every event may come twice.
    public mutating func apply(_ recorded: RecordedEvent) -> [Int] {
        change(by: recorded)
        settleHolds(at: recorded.at)
        holdBackUnfed(at: recorded.at)
        startQueued(at: recorded.at)
        passNodesOn(at: recorded.at)
        readMeters(at: recorded.at)
        if tally.unended == 0, endedAt == nil { endedAt = recorded.at }
        ringing = false
        defer { touched = [] }
        return touched
    }

    private mutating func change(by recorded: RecordedEvent) {
        let at = recorded.at
        switch recorded.event {
        case .launched: break
        case .driverStarted: driverStarts += 1
        case .stopRequested(let reason): stop(.requested(reason), at: at)
        case .haltRequested(let number): halt(number, at: at)
        case .startRequested(let number): start(afterHalt: number, at: at)
        case .lookedUp(let stage, let reuse, let why): lookedUp(stage, reuse, why, at: at)
        case .alarm(let alarm): rang(alarm, recorded)
        case .relocated(let stage, let planned, let zones): relocated(stage, planned, zones, at: at)
        case .notRelocatable(let stage, let message): notRelocatable(stage, message, at: at)
        case .answered(let question, let isYes): answered(question, isYes, at: at)
        case .nobodyToAsk(let question): nobodyToAsk(question, at: at)
        default: changeAttempt(by: recorded)
        }
    }

    private mutating func changeAttempt(by recorded: RecordedEvent) {
        // A closure that names the event would copy it.
        let (at, dice) = (recorded.at, recorded.dice)
        switch recorded.event {
        case .provisioned(let id, let group):
            update(id) { $0.isHandover(id) ? $0.handoverGranted(group, at: at) : $0.provisioned(group, at: at) }
        case .provisionFailed(let id, let error):
            update(id) {
                $0.isHandover(id)
                    ? $0.handoverRefused(error, at: at)
                    : $0.provisionFailed(error, dice: dice, at: at)
            }
        case .delivered(let id, let transfers):
            update(id) { $0.delivered(transfers, at: at) }
        case .relayed(let id, let relay): update(id) { $0.relayed(relay) }
        case .jobEnded(let id, let code, let rank, let exceeded, let engine):
            update(id) {
                $0.jobEnded(JobEnd(code: code, exceeded: exceeded), rank: rank, engine: engine, dice: dice, at: at)
            }
        case .serviceReady(let id, let url):
            update(id) { if $0.phase == .probing { $0.nowServing(url, at: at) } }
        case .checkpointed(let id, let stored, let number): update(id) { $0.saved(stored, number, at: at) }
        case .checkpointFailed(let id, let message, let number):
            update(id) { $0.saveFailed(message, number, at: at) }
        case .lossNoticed(let id, let moment): update(id) { $0.noticed(lossAt: moment, at: at) }
        case .collected(let id, let outputs):
            update(id) { if $0.phase == .collecting { $0.succeed(with: outputs, at: at) } }
        case .attemptFailed(let id, let failure): attemptFailed(id, failure, dice, at: at)
        case .released(let id, let held): released(id, held, at: at)
        case .halted(let id, let held): halted(id, held, at: at)
        case .notHalted(let id, let message): update(id) { $0.notHalted(message, at: at) }
        default: break
        }
    }

    private mutating func lookedUp(_ name: String, _ reuse: Reuse?, _ why: String?, at: Instant) {
        let run = self.run
        update(name) { stage in
            guard stage.phase == .lookingUp else { return }
            if let why { stage.why = why }
            guard let reuse else { return stage.proceed(run: run, at: at) }
            stage.outputs = reuse.outputs
            stage.reusedFrom = reuse.run
            stage.why = why ?? "unchanged since \(reuse.run)"
            stage.end(.succeeded, at: at)
        }
    }

    private mutating func attemptFailed(_ id: AttemptID, _ failure: AttemptFailure, _ dice: UInt32, at: Instant) {
        guard let index = graph.index[id.stage], stages[index].isCurrent(id), stages[index].phase.usesNodes else {
            return
        }
        if case .inputsLost(let artifacts) = failure { forgetOutputs(artifacts, at: at) }
        update(id) { $0.failed(failure, dice: dice, at: at) }
    }

    /// Lineage: a lost artifact is made again by the stage that makes it.
    private mutating func forgetOutputs(_ artifacts: [String], at: Instant) {
        hasLostOutputs = true
        for name in Set(artifacts.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted() {
            update(name) { stage in
                switch stage.phase {
                case .ended(.succeeded): stage.waitAgain(at: at)
                case .releasing(next: .end(.succeeded)), .yielding: stage.release(then: .wait, at: at)
                default: return
                }
                stage.outputs = nil
                stage.reusedFrom = nil
                stage.endedAt = nil
                stage.why = "its outputs were lost and are made again"
                stage.lastTrouble = stage.why
            }
        }
    }

    private mutating func released(_ id: AttemptID, _ held: HeldSpan?, at: Instant) {
        let (run, isStopping, isHalted) = (self.run, stopping != nil, self.isHalted)
        if let index = graph.index[id.stage], stages[index].isCurrent(id), stages[index].phase.isReleasing,
            let current = stages[index].current, stages[index].attempts[current].isInherited
        {
            givenBackInherited(AttemptPosition(stage: index, attempt: current), held, at: at)
        }
        update(id) { stage in
            if stage.isHandover(id) {
                if stage.handover?.isGivenUp == true { stage.handoverReleased(run: run, held: held, at: at) }
                return
            }
            guard case .releasing(let next) = stage.phase else { return }
            if let current = stage.current, !stage.attempts[current].isInherited {
                stage.givenBack(current, held, at: at)
            }
            if stage.handover != nil { return stage.handOver(or: next, isStopping: isStopping || isHalted, at: at) }
            switch next {
            case .end(let outcome): stage.end(outcome, at: at)
            case _ where isStopping: stage.end(.stopped, at: at)
            case .wait: stage.waitAgain(at: at)
            case _ where isHalted: stage.enter(.halted(next: next), at: at)
            default: stage.goOn(with: next, run: run, at: at)
            }
        }
        stopIfFailed(id.stage, at: at)
    }

    /// A pause, the patience of a phase, or the time until the next checkpoint is over.
    private mutating func rang(_ alarm: Alarm, _ recorded: RecordedEvent) {
        if alarm.slot == .questionPatience {
            let question = Question(stage: alarm.stage, number: -alarm.serial, text: "")
            _ = answeredBudget(question, false, at: recorded.at)
            return
        }
        guard let name = alarm.stage, let index = graph.index[name] else {
            ringing = alarm.slot == .budget && alarm.serial == budget?.readings
            return
        }
        let (at, dice, run, serial) = (recorded.at, recorded.dice, self.run, stages[index].serial)
        switch alarm.slot {
        case .phase where serial == alarm.serial:
            update(name) { stage in
                if stage.setback?.isResting == true { return stage.resume() }
                if case .pausing = stage.phase { return stage.proceed(run: run, at: at) }
                stage.endHold(at: at)
            }
        case .nextSave:
            update(name) { if $0.saves.clock == alarm.serial { $0.saveIsDue(at: at) } }
        case .budget where stages[index].budget?.readings == alarm.serial: update(index) { _ in }
        case .look: update(name) { if $0.deadline?.looks == alarm.serial { $0.lookWhileHolding(run: run, at: at) } }
        case .patience where serial == alarm.serial:
            update(name) { $0.patienceIsOver(run: run, dice: dice, at: at) }
            stopIfFailed(name, at: at)
        default: break
        }
    }

    mutating func stopIfFailed(_ name: String, at: Instant) {
        guard let index = graph.index[name], case .ended(.failed(let message)) = stages[index].phase else { return }
        update(index) { $0.lastTrouble = message }
        stop(.stageFailed(name), at: at)
    }

    /// A run in which a stage has failed for good does nothing more, also while that stage's nodes are kept for people.
    private mutating func settleHolds(at: Instant) {
        guard stopping == nil, let index = touched.first(where: { stages[$0].phase.isHeld }) else { return }
        stop(.stageFailed(stages[index].name), at: at)
        if budget?.isSpent == true { endHolds(at: at) }
    }

    /// Nodes that are kept for people are given back now.
    mutating func endHolds(at: Instant) {
        for index in stages.indices where stages[index].phase.isHeld { update(index) { $0.endHold(at: at) } }
    }

    /// Everything that holds nodes gives them back; everything else ends where it stands. Nodes that are kept for people go
    /// too, unless a failure is the reason.
    mutating func stop(_ reason: Stopping, at: Instant) {
        guard endedAt == nil else { return }
        if case .stageFailed = reason {} else { endHolds(at: at) }
        guard stopping == nil else { return }
        stopping = reason
        isHalted = false
        queue = []
        for index in stages.indices {
            switch stages[index].phase {
            case .ended, .releasing, .held: break
            case .yielding: update(index) { $0.release(then: .end(.succeeded), at: at) }
            case .halted(let next) where next != .start: update(index) { $0.end(.stopped, at: at) }
            case .waiting, .lookingUp, .pausing, .relocating, .asking: update(index) { $0.end(.stopped, at: at) }
            default: update(index) { $0.release(then: .end(.stopped), at: at) }
            }
        }
    }
}
