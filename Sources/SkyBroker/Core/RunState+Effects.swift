import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

/// What should be under way, gathered. Of what is under way already only the name is gathered: saying what work it is
/// takes longer than all else.
package struct WantedEffects {
    package private(set) var ids: [Effect.ID] = []
    /// Those that are not under way yet.
    package private(set) var new: [Effect] = []
    private var underWay: [Effect.ID] = []

    package init() {}

    /// - Parameter underWay: what is.
    package mutating func begin(beside underWay: [Effect.ID]) {
        self.underWay = underWay
        ids.removeAll(keepingCapacity: true)
        if !new.isEmpty { new.removeAll(keepingCapacity: true) }
    }

    /// False when there is no such work.
    @discardableResult
    fileprivate mutating func want(
        _ stage: Int, _ slot: Effect.Slot, _ serial: Int, _ work: @autoclosure () -> Effect.Work?
    ) -> Bool {
        let id = Effect.ID(stage: stage, slot: slot, serial: serial)
        if !underWay.contains(id) {
            guard let work = work() else { return false }
            new.append(Effect(id: id, work: work))
        }
        ids.append(id)
        return true
    }
}

extension RunState {
    /// Everything that should be under way in this state. Depends on nothing else.
    public var effects: [Effect] { stages.indices.flatMap { effects(of: $0) } + effectsOfRun }

    /// What should be under way for the run as a whole: its budget's clock and questions.
    public var effectsOfRun: [Effect] { effects(of: -1) }

    /// What should be under way for one stage, by position; -1 for the run as a whole.
    public func effects(of index: Int) -> [Effect] {
        var wanted = WantedEffects()
        gatherEffects(of: index, in: &wanted)
        return wanted.new
    }

    /// The same for who knows what is under way.
    ///
    /// Goes through the array of stages by position all along: a stage is large, and handing one on would copy it.
    package func gatherEffects(of index: Int, in wanted: inout WantedEffects) {
        guard index >= 0 else {
            if let budget, stopping == nil || isHolding, endedAt == nil { gather(budget, -1, in: &wanted) }
            return
        }
        let phase = stages[index].phase
        switch phase {
        case .waiting, .halted, .ended: return
        case .yielding: break
        default: guard wanted.want(index, .phase, stages[index].serial, work(of: phase, index)) else { return }
        }
        if let limit = PhaseLimits.limit(of: phase) {
            alarm(index, .patience, stages[index].serial, at: stages[index].phaseSince + limit, in: &wanted)
        }
        if let handover = stages[index].handover { gather(handover, index, in: &wanted) }
        if let budget = stages[index].budget, !phase.isReleasing { gather(budget, index, in: &wanted) }
        guard let current = stages[index].current else { return }
        if let deadline = stages[index].deadline, let next = deadline.nextLook, stages[index].handover == nil,
            stages[index].holdsWhatItLooksAt
        {
            alarm(index, .look, deadline.looks, at: next, in: &wanted)
        }
        guard phase.usesNodes, stages[index].attempts[current].group != nil else { return }
        wanted.want(
            index, .keep, stages[index].attempts[current].id.number,
            stages[index].attempts[current].group.map { .keep(stages[index].attempts[current].id, $0) })
        if phase == .running { gatherSaves(of: index, current, in: &wanted) }
    }

    private var isHolding: Bool { stages.contains { $0.phase.isHeld } }

    private func alarm(
        _ index: Int, _ slot: Effect.Slot, _ serial: Int, at moment: Instant, in wanted: inout WantedEffects
    ) {
        wanted.want(
            index, slot, serial,
            .sleep(
                Alarm(stage: index < 0 ? nil : stages[index].name, slot: slot, serial: serial), until: moment))
    }

    private func gather(_ budget: BudgetState, _ index: Int, in wanted: inout WantedEffects) {
        // Of a run that is stopped nothing is asked: its driver ends, and whoever starts it is there to answer.
        if let question = budgetQuestion(index < 0 ? nil : stages[index]), !isHalted {
            let until = (budget.askedAt ?? launchedAt) + PhaseLimits.asking
            wanted.want(index, .question, budget.questions, .ask(question))
            alarm(index, .questionPatience, budget.questions, at: until, in: &wanted)
        } else if let next = budget.nextAt {
            alarm(index, .budget, budget.readings, at: next, in: &wanted)
        }
    }

    private func gather(_ handover: Handover, _ index: Int, in wanted: inout WantedEffects) {
        let attempt = stages[index].attempts[handover.index]
        let number = attempt.id.number
        if let group = attempt.group {
            wanted.want(index, .keep, number, .keep(attempt.id, group))
        } else if handover.isGivenUp {
            let provider = attempt.planned.offer.provider
            wanted.want(
                index, .handover, -number, .release(attempt.id, token: attempt.nodesToken, provider: provider))
        } else {
            wanted.want(index, .handover, number, .provision(attempt.id, attempt.planned, zone: attempt.zone))
        }
    }

    private func gatherSaves(of index: Int, _ current: Int, in wanted: inout WantedEffects) {
        let saves = stages[index].saves
        if let begun = saves.begunAt, saves.isUnderWay {
            wanted.want(
                index, .save, saves.count,
                stages[index].attempts[current].group.map {
                    .save(stages[index].attempts[current].id, $0, number: saves.count)
                })
            alarm(index, .nextSave, saves.clock, at: begun + PhaseLimits.saving, in: &wanted)
        } else if let next = saves.nextAt {
            alarm(index, .nextSave, saves.clock, at: next, in: &wanted)
        }
    }

    /// What the stage's phase is about.
    private func work(of phase: StageState.Phase, _ index: Int) -> Effect.Work? {
        switch phase {
        case .waiting, .yielding, .halted, .ended: return nil
        case .lookingUp: return .lookUp(stage: stages[index].name, inputs: inputs(of: index) ?? [])
        case .pausing(let until), .held(let until, _):
            return .sleep(phaseAlarm(index), until: until)
        case .relocating:
            return .relocate(
                stage: stages[index].name, excluded: stages[index].excluded,
                onDemandOnly: stages[index].isOnDemandOnly,
                begunAt: stages[index].startedAt ?? stages[index].phaseSince)
        case .asking:
            return .ask(
                Question(
                    stage: stages[index].name, number: stages[index].serial,
                    text: stages[index].proposal?.question ?? ""))
        default: return stages[index].current.flatMap { work(of: phase, index, attempt: $0) }
        }
    }

    private func phaseAlarm(_ index: Int) -> Alarm {
        Alarm(stage: stages[index].name, slot: .phase, serial: stages[index].serial)
    }

    private func work(of phase: StageState.Phase, _ index: Int, attempt current: Int) -> Effect.Work? {
        let id = stages[index].attempts[current].id
        if let setback = stages[index].setback, setback.isResting {
            return .sleep(phaseAlarm(index), until: setback.nextTry)
        }
        if case .releasing = phase {
            return .release(
                id, token: stages[index].attempts[current].nodesToken,
                provider: stages[index].attempts[current].planned.offer.provider)
        }
        if let work = workOnStopped(phase, index, attempt: current) { return work }
        guard let group = stages[index].attempts[current].group else {
            return .provision(
                id, stages[index].attempts[current].planned, zone: stages[index].attempts[current].zone)
        }
        let accelerator = stages[index].attempts[current].planned.offer.accelerator
        switch phase {
        case .delivering:
            return .deliver(
                id, group, inputs: inputs(of: index) ?? [], code: launch.code[stages[index].name],
                checkpoint: stages[index].checkpoint)
        case .running: return .run(id, group, accelerator)
        case .probing: return .probe(id, group, accelerator)
        case .serving(let url): return .watch(id, group, accelerator, url: url)
        case .collecting: return .collect(id, group)
        case .saving(let next):
            return .save(id, group, number: stages[index].saves.count, endsJob: next == .halt)
        default: return nil
        }
    }

    private func workOnStopped(_ phase: StageState.Phase, _ index: Int, attempt current: Int) -> Effect.Work? {
        let attempt = stages[index].attempts[current]
        let provider = attempt.planned.offer.provider
        return switch phase {
        case .halting: .halt(attempt.id, token: attempt.nodesToken, provider: provider)
        case .starting: .start(attempt.id, token: attempt.nodesToken, provider: provider)
        default: nil
        }
    }

    /// The stage's inputs under the names it reads them by; nil while one is not made yet.
    func inputs(of index: Int) -> [StoredArtifact]? {
        var found: [StoredArtifact] = []
        for input in launch.pipeline.stages[index].inputs {
            guard let stored = stored(input.source, as: input.name, of: stages[index].name) else { return nil }
            found.append(
                StoredArtifact(
                    name: input.name, entry: input.entry, artifact: stored.artifact, location: stored.location,
                    source: stored.source, isUnread: stored.isUnread))
        }
        return found
    }

    private func stored(_ source: StageInput.Source, as input: String, of stage: String) -> StoredArtifact? {
        switch source {
        case .output(let maker, let artifact):
            return graph.index[maker].flatMap { stages[$0].outputs }?.first { $0.name == artifact }
        case .path, .uri:
            return launch.externalInputs["\(stage).\(input)"]
        }
    }
}
