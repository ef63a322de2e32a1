import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

extension RunState {
    /// Takes one event in and says what should be under way now that was not before.
    ///
    /// An event about an attempt that is no longer the stage's current one, or that its phase does not wait for, is a
    /// late echo and changes nothing: effects are begun again after a restart, so every event may come twice.
    public mutating func apply(_ recorded: RecordedEvent) -> [Effect] {
        let before = Set(effects)
        change(by: recorded)
        startReadyStages(at: recorded.at)
        endIfSettled(at: recorded.at)
        return effects.filter { !before.contains($0) }
    }

    private mutating func change(by recorded: RecordedEvent) {
        let (at, run) = (recorded.at, self.run)
        switch recorded.event {
        case .launched: break
        case .driverStarted: driverStarts += 1
        case .lookedUp(let stage, let reuse): lookedUp(stage, reuse, at: at)
        case .waited(let stage):
            update(stage) { if case .pausing = $0.phase { $0.beginAttempt(run: run, at: at) } }
        case .relocated(let stage, let planned, let zones):
            update(stage) { if $0.phase == .relocating { $0.moved(to: planned, zones: zones, run: run, at: at) } }
        case .notRelocatable(let stage, let message):
            if self.stage(named: stage)?.phase == .relocating { end(stage, .failed(message), at: at) }
        case .stopRequested(let reason): stop(.requested(reason), at: at)
        case .provisioned(let id, let group): provisioned(id, group, at: at)
        case .provisionFailed(let id, let error):
            update(id) { $0.provisionFailed(error, dice: recorded.dice) }
        case .delivered(let id, let transfers): delivered(id, transfers, at: at)
        case .jobEnded(let id, let code): jobEnded(id, code, at: at)
        case .serviceReady(let id, let url):
            update(id) { if $0.phase == .probing { $0.nowServing(url) } }
        case .collected(let id, let outputs):
            update(id) { if $0.phase == .collecting { $0.succeed(with: outputs) } }
        case .attemptFailed(let id, let failure): attemptFailed(id, failure, dice: recorded.dice)
        case .released(let id): released(id, at: at)
        }
    }

    private mutating func lookedUp(_ name: String, _ reuse: Reuse?, at: Instant) {
        let run = self.run
        update(name) { stage in
            guard stage.phase == .lookingUp else { return }
            guard let reuse else { return stage.beginAttempt(run: run, at: at) }
            stage.outputs = reuse.outputs
            stage.reusedFrom = reuse.run
            stage.phase = .ended(.succeeded)
            stage.endedAt = at
        }
    }

    private mutating func provisioned(_ id: AttemptID, _ group: NodeGroup, at: Instant) {
        update(id) { stage in
            guard stage.phase == .provisioning else { return }
            stage.updateAttempt {
                $0.group = group
                $0.provisionedAt = at
            }
            stage.transientFailures = 0
            stage.phase = .delivering
        }
    }

    private mutating func delivered(_ id: AttemptID, _ transfers: [TransferRecord], at: Instant) {
        let isService = spec(id.stage)?.service != nil
        update(id) { stage in
            guard stage.phase == .delivering else { return }
            stage.updateAttempt {
                $0.transfers = transfers
                $0.deliveredAt = at
            }
            stage.transientFailures = 0
            stage.phase = isService ? .probing : .running
        }
    }

    private mutating func jobEnded(_ id: AttemptID, _ code: Int, at: Instant) {
        let isService = spec(id.stage)?.service != nil
        update(id) { stage in
            guard stage.phase == .running || stage.phase == .probing || stage.phase.isServing else { return }
            stage.updateAttempt {
                $0.exitCode = code
                $0.workEndedAt = at
            }
            if isService {
                stage.release(then: .end(.failed("the service ended by itself with exit code \(code)")))
            } else if code == 0 {
                stage.phase = .collecting
            } else {
                stage.release(then: .end(.failed("the command ended with exit code \(code)")))
            }
        }
    }

    private mutating func attemptFailed(_ id: AttemptID, _ failure: AttemptFailure, dice: UInt32) {
        guard let stage = stage(named: id.stage), stage.attempt?.id == id, stage.phase.usesNodes else { return }
        if case .inputsLost(let artifacts) = failure { forgetOutputs(artifacts) }
        update(id) { $0.failed(failure, dice: dice) }
    }

    /// Lineage: a lost artifact is made again by the stage that makes it.
    private mutating func forgetOutputs(_ artifacts: [String]) {
        for name in Set(artifacts.compactMap { $0.split(separator: ".").first.map(String.init) }) {
            update(name) { stage in
                switch stage.phase {
                case .ended(.succeeded): stage.phase = .waiting
                case .releasing(next: .end(.succeeded)): stage.release(then: .wait)
                default: return
                }
                stage.outputs = nil
                stage.reusedFrom = nil
                stage.endedAt = nil
                stage.lastTrouble = "its outputs were lost and are made again"
            }
        }
    }

    private mutating func released(_ id: AttemptID, at: Instant) {
        guard let stage = stage(named: id.stage), stage.attempt?.id == id, case .releasing(let next) = stage.phase
        else { return }
        update(id) { $0.updateAttempt { $0.releasedAt = at } }
        let run = self.run
        switch next {
        case .end(let outcome): end(id.stage, outcome, at: at)
        case _ where stopping != nil: end(id.stage, .stopped, at: at)
        case .wait: update(id) { $0.phase = .waiting }
        case .relocate: update(id) { $0.phase = .relocating }
        case .retry(let pause) where pause == .zero: update(id) { $0.beginAttempt(run: run, at: at) }
        case .retry(let pause): update(id) { $0.phase = .pausing(until: at + pause) }
        }
    }

    private mutating func end(_ name: String, _ outcome: StageState.Outcome, at: Instant) {
        update(name) { stage in
            stage.phase = .ended(outcome)
            stage.endedAt = at
        }
        if case .failed(let message) = outcome {
            update(name) { $0.lastTrouble = message }
            stop(.stageFailed(name), at: at)
        }
    }

    /// Everything that holds nodes gives them back; everything else ends where it stands.
    private mutating func stop(_ reason: Stopping, at: Instant) {
        guard endedAt == nil, stopping == nil else { return }
        stopping = reason
        for index in stages.indices {
            switch stages[index].phase {
            case .ended, .releasing: break
            case .waiting, .lookingUp, .pausing, .relocating:
                stages[index].phase = .ended(.stopped)
                stages[index].endedAt = at
            default: stages[index].release(then: .end(.stopped))
            }
        }
    }

    mutating func startReadyStages(at: Instant) {
        guard stopping == nil else { return }
        for index in stages.indices where stages[index].phase == .waiting && isReady(stages[index]) {
            stages[index].phase = .lookingUp
            stages[index].startedAt = stages[index].startedAt ?? at
        }
    }

    private mutating func endIfSettled(at: Instant) {
        guard endedAt == nil else { return }
        let settled = stages.allSatisfy { if case .ended = $0.phase { true } else { false } }
        if settled { endedAt = at }
    }

    private mutating func update(_ name: String, _ body: (inout StageState) -> Void) {
        guard let index = stages.firstIndex(where: { $0.name == name }) else { return }
        body(&stages[index])
    }

    private mutating func update(_ id: AttemptID, _ body: (inout StageState) -> Void) {
        update(id.stage) { if $0.attempt?.id == id { body(&$0) } }
    }
}
