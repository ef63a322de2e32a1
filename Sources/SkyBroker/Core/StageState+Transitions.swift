import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

extension StageState.Phase {
    /// Phases in which the attempt holds nodes that can fail.
    var usesNodes: Bool {
        switch self {
        case .delivering, .running, .probing, .serving, .collecting: true
        default: false
        }
    }
}

extension StageState {
    mutating func beginAttempt(run: RunID, at: Instant) {
        let id = AttemptID(run: run, stage: name, number: attempts.count + 1)
        attempts.append(Attempt(id: id, planned: planned, zone: zones.first ?? planned.offer.zone, startedAt: at))
        phase = .provisioning
    }

    mutating func updateAttempt(_ body: (inout Attempt) -> Void) {
        guard let last = attempts.indices.last else { return }
        body(&attempts[last])
    }

    /// The nodes are always given back before anything else happens to the stage: never two groups, never two jobs.
    mutating func release(then next: Next) { phase = .releasing(next: next) }

    mutating func nowServing(_ url: String) {
        phase = .serving(url: url)
        wasServing = true
        losses = 0
    }

    /// Whoever waits for the outputs need not wait until the nodes are back.
    mutating func succeed(with outputs: [StoredArtifact]) {
        self.outputs = outputs
        release(then: .end(.succeeded))
    }

    mutating func moved(to planned: PlannedStage, zones: [String], run: RunID, at: Instant) {
        self.planned = planned
        self.zones = zones
        losses = 0
        transientFailures = 0
        beginAttempt(run: run, at: at)
    }

    mutating func provisionFailed(_ error: ProviderError, dice: UInt32) {
        guard phase == .provisioning else { return }
        note(error.description)
        switch FailurePolicy.decision(
            for: error.kind, transientFailures: transientFailures, zonesLeft: zones.count > 1, dice: dice)
        {
        case .fail: release(then: .end(.failed(error.description)))
        case .pause(let span):
            transientFailures += 1
            release(then: .retry(pause: span))
        case .nextZone:
            excluded.append(place(.zone(zones.removeFirst())))
            release(then: .retry(pause: .zero))
        case .exclude(let scope):
            excluded.append(place(scope))
            release(then: .relocate)
        }
    }

    mutating func failed(_ failure: AttemptFailure, dice: UInt32) {
        switch failure {
        case .inputsLost(let artifacts):
            note("lost: \(artifacts.joined(separator: ", "))")
            release(then: .wait)
        case .stage(let message):
            note(message)
            release(then: .end(.failed(message)))
        case .nodesLost(let message):
            note(message)
            losses += 1
            if losses < FailurePolicy.lossesBeforeMoving { return release(then: .retry(pause: .zero)) }
            excluded.append(place(.region))
            release(then: .relocate)
        case .transient(let message):
            note(message)
            transientFailures += 1
            guard transientFailures < FailurePolicy.transientFailuresBeforeMoving else {
                return release(then: .end(.failed(message)))
            }
            release(then: .retry(pause: FailurePolicy.pause(after: transientFailures, dice: dice)))
        }
    }

    private mutating func note(_ trouble: String) {
        lastTrouble = trouble
        updateAttempt { $0.trouble = trouble }
    }

    private func place(_ scope: FailurePolicy.Scope) -> PlaceConstraint {
        let offer = planned.offer
        switch scope {
        case .zone(let zone): return PlaceConstraint(provider: offer.provider, region: offer.region, zone: zone)
        case .region: return PlaceConstraint(provider: offer.provider, region: offer.region)
        case .provider: return PlaceConstraint(provider: offer.provider)
        }
    }
}
