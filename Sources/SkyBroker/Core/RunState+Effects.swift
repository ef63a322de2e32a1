import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

extension RunState {
    /// Everything that should be under way in this state. Depends on nothing else.
    public var effects: [Effect] { stages.indices.flatMap { effects(of: $0) } + effectsOfRun }

    /// What should be under way for the run as a whole: its budget's clock and questions.
    public var effectsOfRun: [Effect] {
        guard let budget, stopping == nil, endedAt == nil else { return [] }
        return effects(of: budget, nil)
    }

    private func effects(of budget: BudgetState, _ stage: StageState?) -> [Effect] {
        func effect(_ slot: Effect.Slot, _ serial: Int, _ work: Effect.Work) -> Effect {
            Effect(id: .init(stage: stage?.index ?? -1, slot: slot, serial: serial), work: work)
        }
        if let question = budgetQuestion(stage) {
            let alarm = Alarm(stage: stage?.name, slot: .questionPatience, serial: budget.questions)
            let until = (budget.askedAt ?? launchedAt) + PhaseLimits.asking
            return [
                effect(.question, budget.questions, .ask(question)),
                effect(.questionPatience, budget.questions, .sleep(alarm, until: until)),
            ]
        }
        guard let next = budget.nextAt else { return [] }
        let alarm = Alarm(stage: stage?.name, slot: .budget, serial: budget.readings)
        return [effect(.budget, budget.readings, .sleep(alarm, until: next))]
    }

    /// What should be under way for one stage, by position.
    public func effects(of index: Int) -> [Effect] {
        let stage = stages[index]
        guard let work = work(of: stage) else { return [] }
        var effects = [effect(stage, .phase, stage.serial, work)]
        if let limit = PhaseLimits.limit(of: stage.phase) {
            effects.append(alarm(stage, .patience, stage.serial, at: stage.phaseSince + limit))
        }
        if let handover = stage.handover { addHandover(stage.attempts[handover.index], handover, stage, to: &effects) }
        if let budget = stage.budget, !stage.phase.isReleasing { effects += self.effects(of: budget, stage) }
        guard let attempt = stage.attempt else { return effects }
        if let deadline = stage.deadline, let next = deadline.nextLook, stage.handover == nil, stage.holdsWhatItLooksAt
        {
            effects.append(alarm(stage, .look, deadline.looks, at: next))
        }
        guard let group = attempt.group, stage.phase.usesNodes else { return effects }
        effects.append(effect(stage, .keep, attempt.id.number, .keep(attempt.id, group)))
        if stage.phase == .running { addSaves(of: attempt, group, stage, to: &effects) }
        return effects
    }

    private func addHandover(_ attempt: Attempt, _ handover: Handover, _ stage: StageState, to effects: inout [Effect])
    {
        let number = attempt.id.number
        if let group = attempt.group {
            effects.append(effect(stage, .keep, number, .keep(attempt.id, group)))
        } else if handover.isGivenUp {
            let provider = attempt.planned.offer.provider
            effects.append(effect(stage, .handover, -number, .release(attempt.id, provider: provider)))
        } else {
            let work = Effect.Work.provision(attempt.id, attempt.planned, zone: attempt.zone)
            effects.append(effect(stage, .handover, number, work))
        }
    }

    private func addSaves(
        of attempt: Attempt, _ group: NodeGroup, _ stage: StageState, to effects: inout [Effect]
    ) {
        let count = stage.saves.count
        if let begun = stage.saves.begunAt, stage.saves.isUnderWay {
            effects.append(effect(stage, .save, count, .save(attempt.id, group, number: count)))
            effects.append(alarm(stage, .nextSave, stage.saves.clock, at: begun + PhaseLimits.saving))
        } else if let next = stage.saves.nextAt {
            effects.append(alarm(stage, .nextSave, stage.saves.clock, at: next))
        }
    }

    private func effect(_ stage: StageState, _ slot: Effect.Slot, _ serial: Int, _ work: Effect.Work) -> Effect {
        Effect(id: .init(stage: stage.index, slot: slot, serial: serial), work: work)
    }

    private func alarm(_ stage: StageState, _ slot: Effect.Slot, _ serial: Int, at moment: Instant) -> Effect {
        effect(stage, slot, serial, .sleep(Alarm(stage: stage.name, slot: slot, serial: serial), until: moment))
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
        default: return stage.attempt.flatMap { work(of: $0, in: stage) }
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
