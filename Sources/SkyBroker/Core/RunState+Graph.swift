import SkyCore
import SkySpec

extension RunState {
    /// The stages that must be done before `stage` begins: the makers of its inputs, and those it comes `after`.
    func predecessors(of stage: Stage) -> Set<String> {
        var names = Set(stage.after)
        for input in stage.inputs {
            if case .output(let maker, _) = input.source { names.insert(maker) }
        }
        return names
    }

    func stored(_ source: StageInput.Source, as input: String, of stage: String) -> StoredArtifact? {
        switch source {
        case .output(let maker, let artifact):
            return self.stage(named: maker)?.outputs?.first { $0.name == artifact }
        case .path, .uri:
            return launch.externalInputs["\(stage).\(input)"]
        }
    }

    /// True when all that must be done before `stage` is done. A service counts as done once it serves.
    func isReady(_ stage: StageState) -> Bool {
        guard let spec = spec(stage.name) else { return false }
        return predecessors(of: spec).allSatisfy { name in
            guard let before = self.stage(named: name) else { return false }
            return before.outputs != nil || before.phase.isServing
        }
    }
}
