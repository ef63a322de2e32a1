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
        new.removeAll(keepingCapacity: true)
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

    fileprivate mutating func alarm(_ stage: StageState, _ slot: Effect.Slot, _ serial: Int, at moment: Instant) {
        want(
            stage.index, slot, serial,
            .sleep(Alarm(stage: stage.name, slot: slot, serial: serial), until: moment))
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
    package func gatherEffects(of index: Int, in wanted: inout WantedEffects) {
        if index >= 0 { return gather(stages[index], in: &wanted) }
        guard let budget, stopping == nil, endedAt == nil else { return }
        gather(budget, nil, in: &wanted)
    }

    private func gather(_ budget: BudgetState, _ stage: StageState?, in wanted: inout WantedEffects) {
        let index = stage?.index ?? -1
        if let question = budgetQuestion(stage) {
            let alarm = Alarm(stage: stage?.name, slot: .questionPatience, serial: budget.questions)
            let until = (budget.askedAt ?? launchedAt) + PhaseLimits.asking
            wanted.want(index, .question, budget.questions, .ask(question))
            wanted.want(index, .questionPatience, budget.questions, .sleep(alarm, until: until))
        } else if let next = budget.nextAt {
            let alarm = Alarm(stage: stage?.name, slot: .budget, serial: budget.readings)
            wanted.want(index, .budget, budget.readings, .sleep(alarm, until: next))
        }
    }

    private func gather(_ stage: StageState, in wanted: inout WantedEffects) {
        switch stage.phase {
        case .waiting, .ended: return
        default: guard wanted.want(stage.index, .phase, stage.serial, work(of: stage)) else { return }
        }
        if let limit = PhaseLimits.limit(of: stage.phase) {
            wanted.alarm(stage, .patience, stage.serial, at: stage.phaseSince + limit)
        }
        if let handover = stage.handover { gather(stage.attempts[handover.index], handover, stage, in: &wanted) }
        if let budget = stage.budget, !stage.phase.isReleasing { gather(budget, stage, in: &wanted) }
        guard let current = stage.current else { return }
        if let deadline = stage.deadline, let next = deadline.nextLook, stage.handover == nil, stage.holdsWhatItLooksAt
        {
            wanted.alarm(stage, .look, deadline.looks, at: next)
        }
        guard stage.phase.usesNodes, stage.attempts[current].group != nil else { return }
        wanted.want(
            stage.index, .keep, stage.attempts[current].id.number,
            stage.attempts[current].group.map { .keep(stage.attempts[current].id, $0) })
        if stage.phase == .running { gatherSaves(of: stage, current, in: &wanted) }
    }

    private func gather(_ attempt: Attempt, _ handover: Handover, _ stage: StageState, in wanted: inout WantedEffects) {
        let number = attempt.id.number
        if let group = attempt.group {
            wanted.want(stage.index, .keep, number, .keep(attempt.id, group))
        } else if handover.isGivenUp {
            let provider = attempt.planned.offer.provider
            wanted.want(stage.index, .handover, -number, .release(attempt.id, provider: provider))
        } else {
            wanted.want(stage.index, .handover, number, .provision(attempt.id, attempt.planned, zone: attempt.zone))
        }
    }

    private func gatherSaves(of stage: StageState, _ current: Int, in wanted: inout WantedEffects) {
        let count = stage.saves.count
        if let begun = stage.saves.begunAt, stage.saves.isUnderWay {
            wanted.want(
                stage.index, .save, count,
                stage.attempts[current].group.map { .save(stage.attempts[current].id, $0, number: count) })
            wanted.alarm(stage, .nextSave, stage.saves.clock, at: begun + PhaseLimits.saving)
        } else if let next = stage.saves.nextAt {
            wanted.alarm(stage, .nextSave, stage.saves.clock, at: next)
        }
    }

    /// What the stage's phase is about.
    private func work(of stage: StageState) -> Effect.Work? {
        switch stage.phase {
        case .waiting, .ended: return nil
        case .lookingUp: return .lookUp(stage: stage.name, inputs: inputs(of: stage) ?? [])
        case .pausing(let until):
            return .sleep(Alarm(stage: stage.name, slot: .phase, serial: stage.serial), until: until)
        case .relocating:
            return .relocate(
                stage: stage.name, excluded: stage.excluded, onDemandOnly: stage.isOnDemandOnly,
                begunAt: stage.startedAt ?? stage.phaseSince)
        case .asking:
            return .ask(Question(stage: stage.name, number: stage.serial, text: stage.proposal?.question ?? ""))
        default: return stage.current.flatMap { work(of: stage.attempts[$0], in: stage) }
        }
    }

    private func work(of attempt: Attempt, in stage: StageState) -> Effect.Work? {
        if case .releasing = stage.phase { return .release(attempt.id, provider: attempt.planned.offer.provider) }
        guard let group = attempt.group else { return .provision(attempt.id, attempt.planned, zone: attempt.zone) }
        let accelerator = attempt.planned.offer.accelerator
        switch stage.phase {
        case .delivering:
            return .deliver(
                attempt.id, group, inputs: inputs(of: stage) ?? [], code: launch.code[stage.name],
                checkpoint: stage.checkpoint)
        case .running: return .run(attempt.id, group, accelerator)
        case .probing: return .probe(attempt.id, group, accelerator)
        case .serving(let url): return .watch(attempt.id, group, accelerator, url: url)
        case .collecting: return .collect(attempt.id, group)
        case .saving: return .save(attempt.id, group, number: stage.saves.count)
        default: return nil
        }
    }

    /// The stage's inputs under the names it reads them by; nil while one is not made yet.
    func inputs(of stage: StageState) -> [StoredArtifact]? {
        var found: [StoredArtifact] = []
        for input in spec(stage).inputs {
            guard let stored = stored(input.source, as: input.name, of: stage.name) else { return nil }
            found.append(
                StoredArtifact(
                    name: input.name, entry: input.entry, artifact: stored.artifact, location: stored.location))
        }
        return found
    }

    private func stored(_ source: StageInput.Source, as input: String, of stage: String) -> StoredArtifact? {
        switch source {
        case .output(let maker, let artifact):
            return self.stage(named: maker)?.outputs?.first { $0.name == artifact }
        case .path, .uri:
            return launch.externalInputs["\(stage).\(input)"]
        }
    }
}
