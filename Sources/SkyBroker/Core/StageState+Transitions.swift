import SkyCatalog
import SkyCore
import SkyEngines
import SkyPlacement
import SkyProviders
import SkyRuntime

/// The steps of an attempt's life. Each ignores what its phase does not wait for.
extension StageState {
    mutating func beginAttempt(run: RunID, at: Instant) {
        let id = AttemptID(run: run, stage: name, number: attempts.count + 1)
        attempts.append(Attempt(id: id, plan: plan, zone: zones.first ?? planned.offer.zone, startedAt: at))
        current = attempts.endIndex - 1
        saves.end(nextAt: nil)
        enter(.provisioning, at: at)
    }

    mutating func updateAttempt(_ body: (inout Attempt) -> Void) {
        guard let current else { return }
        body(&attempts[current])
    }

    mutating func provisioned(_ group: NodeGroup, at: Instant) {
        guard phase == .provisioning || phase == .starting, let current else { return }
        granted(group, to: current, at: at)
        transientFailures = 0
        enter(.delivering, at: at)
    }

    mutating func delivered(_ transfers: [TransferRecord], at: Instant) {
        guard phase == .delivering else { return }
        updateAttempt {
            $0.transfers = transfers
            $0.deliveredAt = at
        }
        meter.settle(transfers.reduce(.zero) { $0 + $1.cost })
        deadline?.refusalsInARow = 0
        work.begin(at: at)
        if !isService { saves.end(nextAt: rules.saveInterval.map { at + $0 }) }
        enter(isService ? .probing : .running, at: at)
    }

    mutating func relayed(_ relay: Relay) {
        guard let current else { return }
        attempts[current].relays.append(relay)
        meter.settle(relay.cost)
    }

    mutating func jobEnded(_ end: JobEnd, rank: Int?, engine: EngineFailure?, dice: UInt32, at: Instant) {
        guard phase == .running || phase == .probing || phase.isServing else { return }
        updateAttempt {
            $0.exitCode = end.code
            $0.failedRank = rank
            $0.workEndedAt = at
        }
        saves.end(nextAt: nil)
        work.end()
        if let limit = end.exceeded {
            let sentence = ExitWords.sentence(limit, of: rules.text(of: limit), rank: rank)
            stageFailed(sentence, dice: dice, at: at)
        } else if let engine, !rules.recoverableCodes.contains(end.code) {
            stageFailed(engine.sentence(rank: rank), dice: dice, at: at)
        } else if isService {
            stageFailed("the service ended by itself with exit code \(end.code)", dice: dice, at: at)
        } else if end.code == 0 {
            enter(.collecting, at: at)
        } else if rules.recoverableCodes.contains(end.code) {
            let sentence = engine?.sentence(rank: rank) ?? ExitWords.sentence(end.code, rank: rank)
            note("\(sentence), from which it recovers")
            interruptions += 1
            release(then: .retry(pause: backoff(interruptions, dice)), at: at)
        } else {
            stageFailed(ExitWords.sentence(end.code, rank: rank), dice: dice, at: at)
        }
    }

    mutating func nowServing(_ url: String, at: Instant) {
        wasServing = true
        losses = 0
        enter(.serving(url: url), at: at)
    }

    /// Whoever waits for the outputs need not wait until the nodes are back.
    mutating func succeed(with outputs: [StoredArtifact], at: Instant) {
        self.outputs = outputs
        checkpoint = nil
        work = WorkDone()
        guard mayLeaveNodes else { return release(then: .end(.succeeded), at: at) }
        saves.end(nextAt: nil)
        enter(.yielding, at: at)
    }

    /// The nodes are always given back before anything else happens to the stage: never two groups, never two jobs.
    mutating func release(then next: Next, at: Instant) {
        saves.end(nextAt: nil)
        work.end()
        enter(next == .halt ? .halting : .releasing(next: next), at: at)
    }

    mutating func waitAgain(at: Instant) { enter(.waiting, at: at) }

    /// It has begun, or will again, and its inputs are not on its nodes.
    var isBeforeReading: Bool {
        switch phase {
        case .lookingUp, .pausing, .relocating, .asking, .provisioning, .starting, .delivering: true
        case .releasing(let next): next.goesOn
        default: false
        }
    }

    mutating func waitForInputs(at: Instant) {
        switch phase {
        case .provisioning, .starting, .delivering, .releasing: release(then: .wait, at: at)
        default:
            proposal = nil
            waitAgain(at: at)
        }
    }

    mutating func end(_ outcome: Outcome, at: Instant) {
        proposal = nil
        endedAt = at
        enter(.ended(outcome), at: at)
    }

    mutating func moved(to planned: PlannedStage, zones: [String], run: RunID, at: Instant) {
        self.planned = planned
        self.zones = zones
        proposal = nil
        losses = 0
        transientFailures = 0
        troubles = 0
        // The new plan's deadline counts from now.
        deadline = planned.deadline.map { DeadlineState($0, zones: zones, at: at) }
        proceed(run: run, at: at)
    }

    mutating func note(_ trouble: String) {
        lastTrouble = trouble
        updateAttempt { $0.trouble = trouble }
    }

    func backoff(_ failures: Int, _ dice: UInt32) -> TimeSpan {
        FailurePolicy.pause(after: failures - 1, dice: dice, base: rules.backoff, ceiling: .seconds(600))
    }
}

/// Checkpoints.
extension StageState {
    mutating func saved(_ stored: StoredArtifact, _ number: Int, at: Instant) {
        guard phase.usesNodes, saves.isUnderWay, saves.count == number else { return }
        checkpoint = stored
        if let begun = saves.begunAt { work.save(upTo: begun) }
        saveEnded(at: at)
    }

    mutating func saveFailed(_ message: String, _ number: Int, at: Instant) {
        guard phase.usesNodes, saves.isUnderWay, saves.count == number else { return }
        lastTrouble = "the checkpoint was not fetched: \(message)"
        saveEnded(at: at)
    }

    /// The next one is due, or the one under way has taken too long.
    mutating func saveIsDue(at: Instant) {
        guard phase == .running else { return }
        guard saves.isUnderWay else { return saves.begin(at: at) }
        saveFailed("it took longer than \(PhaseLimits.saving)", saves.count, at: at)
    }

    private mutating func saveEnded(at: Instant) {
        if case .saving(let next) = phase { return release(then: next, at: at) }
        saves.end(nextAt: rules.saveInterval.map { at + $0 })
    }

    /// The provider has said that it will take the nodes: what can be saved is saved now.
    mutating func noticed(lossAt moment: Instant, at: Instant) {
        guard phase.usesNodes, current.flatMap({ attempts[$0].noticedLoss }) == nil else { return }
        updateAttempt { $0.noticedLoss = moment }
        if phase == .running, rules.saveInterval != nil, !saves.isUnderWay { saves.begin(at: at) }
    }
}
