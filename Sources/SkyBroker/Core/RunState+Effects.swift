import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

extension RunState {
    /// Everything that should be under way in this state. Depends on nothing else.
    public var effects: [Effect] { stages.compactMap(effect) }

    private func effect(of stage: StageState) -> Effect? {
        switch stage.phase {
        case .waiting, .ended: return nil
        case .lookingUp: return .lookUp(stage: stage.name, inputs: inputs(of: stage.name) ?? [])
        case .pausing(let until): return .pause(stage: stage.name, until: until)
        case .relocating: return .relocate(stage: stage.name, excluded: stage.excluded)
        default: return stage.attempt.flatMap { effect(of: $0, in: stage) }
        }
    }

    private func effect(of attempt: Attempt, in stage: StageState) -> Effect? {
        if case .releasing = stage.phase { return .release(attempt.id, provider: attempt.planned.offer.provider) }
        guard let group = attempt.group else {
            return .provision(attempt.id, attempt.planned, zone: attempt.zone)
        }
        let accelerator = attempt.planned.offer.accelerator
        switch stage.phase {
        case .delivering:
            return .deliver(attempt.id, group, inputs: inputs(of: stage.name) ?? [], code: launch.code[stage.name])
        case .running: return .run(attempt.id, group, accelerator)
        case .probing: return .probe(attempt.id, group, accelerator)
        case .serving(let url): return .watch(attempt.id, group, accelerator, url: url)
        case .collecting: return .collect(attempt.id, group)
        default: return nil
        }
    }

    /// The stage's inputs under the names it reads them by; nil while one is not made yet.
    func inputs(of name: String) -> [StoredArtifact]? {
        guard let spec = spec(name) else { return nil }
        var found: [StoredArtifact] = []
        for input in spec.inputs {
            guard let stored = stored(input.source, as: input.name, of: name) else { return nil }
            found.append(StoredArtifact(name: input.name, artifact: stored.artifact, location: stored.location))
        }
        return found
    }
}
