import SkyBroker
import SkyCatalog
import SkyCore
import SkySpec

extension RunRow {
    /// - Parameter standIns: providers that local processes stand in for; only those of the run are kept.
    init(_ state: RunState, at now: Instant, standIns: Set<String>) {
        let view = state.view(at: now)
        var seen: Set<String> = []
        let providers = view.stages.map(\.offer.provider).filter { seen.insert($0).inserted }
        let failed = view.stages.first { $0.state == .failed }
        self.init(
            id: view.id.text, pipeline: view.pipeline, state: StateWord(view.status), startedAt: view.launchedAt,
            endedAt: view.endedAt, cost: view.cost, plannedCost: view.plannedCost,
            stages: zip(view.stages, state.launch.pipeline.stages).map { StageRow($0, $1) },
            standIns: providers.filter(standIns.contains),
            failure: failed.map { "\($0.name): \($0.trouble ?? "failed")" } ?? view.failure,
            asks: view.question != nil || view.stages.contains { $0.question != nil })
    }
}

extension RunRow {
    /// What the journal's list says of a run; its stages only if it has ended.
    init(_ run: RunID, _ summary: RunSummary, at now: Instant) {
        self.init(
            id: run.text, pipeline: summary.pipeline, state: StateWord(summary.status), startedAt: summary.launchedAt,
            endedAt: summary.endedAt, cost: summary.cost(at: now), plannedCost: summary.plannedCost,
            stages: summary.endedStages?.map(StageRow.init) ?? [], failure: summary.failure)
        (stageCount, stagesDone) = (summary.stages, summary.stagesDone)
    }
}

extension StageRow {
    init(_ stage: RunSummary.EndedStage) {
        self.init(
            name: stage.name, state: StateWord(stage.state),
            place: stage.attempts == 0
                ? nil
                : Place(
                    provider: stage.provider, region: stage.region, instanceType: stage.instanceType,
                    numNodes: stage.numNodes, isSpot: stage.isSpot),
            startedAt: stage.startedAt, endedAt: stage.endedAt, cost: stage.cost, attempts: stage.attempts,
            note: stage.state == .succeeded ? nil : stage.trouble, why: stage.why, reusedFrom: stage.reusedFrom?.text)
    }

    init(_ view: StageView, _ stage: Stage?) {
        let isPlaced = view.attempts > 0 || view.state == .provisioning
        self.init(
            name: view.name, state: StateWord(view.state), place: isPlaced ? Place(view) : nil,
            startedAt: view.startedAt, endedAt: view.endedAt, cost: view.cost, attempts: view.attempts,
            note: view.question ?? Self.diskNote(view)
                ?? (view.state == .succeeded ? (view.isWhyExpected ? nil : view.why) : view.trouble)
                    ?? view.relays.last.map(EventWords.sentence),
            why: view.why, url: view.url, heldUntil: view.heldUntil,
            probePath: stage?.service?.readinessPath, reusedFrom: view.reusedFrom?.text)
    }
}

extension StageRow {
    private static func diskNote(_ view: StageView) -> String? {
        view.holdsStoppedNodes ? "its machines are stopped, and their disks kept" : nil
    }
}

extension StageRow.Place {
    init(_ view: StageView) {
        self.init(
            provider: view.offer.provider, region: view.offer.region, instanceType: view.offer.instanceType,
            numNodes: view.numNodes, isSpot: view.offer.market == .spot)
    }
}

extension StateWord {
    init(_ status: RunState.Status) {
        let tone: Tone =
            switch status {
            case .running, .stopping: .active
            case .serving: .serving
            case .succeeded: .succeeded
            case .failed: .failed
            case .stopped: .halted
            case .cancelled: .stopped
            }
        self.init(status.rawValue, tone)
    }

    init(_ state: StageView.State) {
        let tone: Tone =
            switch state {
            case .waiting: .waiting
            case .provisioning, .delivering, .running, .starting, .collecting, .saving, .held, .releasing, .pausing,
                .relocating, .asking, .stopping:
                .active
            case .serving: .serving
            case .succeeded, .reused: .succeeded
            case .failed: .failed
            case .stopped: .stopped
            }
        self.init(state.rawValue, tone)
    }
}
