import SkyCore
import SkyYAML

/// Makes a pipeline of a draft: looks up every name, fills in every default, complains about what does not fit.
struct PipelineResolver {
    private let reading: Reading
    private let draft: PipelineDraft
    private let variables: VariableResolver
    private let stages: StageIndex

    init(_ draft: PipelineDraft, _ reading: Reading) {
        self.reading = reading
        self.draft = draft
        stages = StageIndex(draft.stages)
        variables = VariableResolver(reading: reading, shared: draft.variables)
    }

    func resolve(defaultName: String) -> (pipeline: Pipeline, secrets: SecretValues) {
        variables.checkOverrides()
        let stages = draft.stages.map(resolve)
        CycleSearch(draft.stages).complain(reading)
        let name = draft.name.flatMap(Names.pipeline) ?? Names.pipeline(from: defaultName) ?? "pipeline"
        let pipeline = Pipeline(
            name: name, objective: draft.objective.objective, stages: stages, directory: reading.directory)
        return (pipeline, variables.secretValues(stages: draft.stages))
    }

    private func resolve(_ stageDraft: StageDraft) -> Stage {
        let own = variables.resolve(stageDraft.variables)
        let inputs = stageDraft.inputs.compactMap { input in
            InputResolver(reading: reading, stages: stages).resolve(input, of: stageDraft, own)
        }
        var (resources, alternatives) = ResourceResolver(reading: reading).resolve(stageDraft.resources)
        let service = service(of: stageDraft, &resources)
        if let port = service?.port {
            for index in alternatives.indices { alternatives[index].ports.removeAll { $0 == port } }
        }
        checkEstimate(stageDraft, among: resources.accelerators + alternatives.flatMap(\.accelerators))
        let mayHaveCommand =
            stageDraft.isBroken || !stageDraft.wrongFields.isDisjoint(with: ["run", "setup", "service"])
        if !mayHaveCommand, stageDraft.run == nil, stageDraft.setup == nil, stageDraft.service == nil {
            reading.error(
                "spec.missing-field", at: stageDraft.name.range, "stage '\(stageDraft.name.value)' has no 'run'",
                expected: "run: a shell command")
        }
        return Stage(
            name: stageDraft.name.value, resources: resources, numNodes: stageDraft.numNodes, inputs: inputs,
            outputs: stageDraft.outputs.map { StageOutput(name: $0.name.value, size: $0.size) },
            estimate: DurationEstimate(
                general: stageDraft.estimate.general.map { Estimate($0) },
                perAccelerator: stageDraft.estimate.perAccelerator.map {
                    DurationEstimate.PerAccelerator(accelerator: $0.accelerator.value, duration: $0.duration)
                }),
            envs: own.envs, setup: stageDraft.setup?.value, run: stageDraft.run?.value,
            code: CodeResolver(reading: reading).resolve(stageDraft, inputs: inputs, own), service: service,
            after: after(stageDraft), secretNames: own.secretNames, alternatives: alternatives)
    }

    /// A service's port may stand in `service`, or be the first of the `ports` to open.
    private func service(of stage: StageDraft, _ resources: inout ResourceRequest) -> ServiceSpec? {
        guard let service = stage.service else { return nil }
        guard let port = service.port ?? resources.ports.first else {
            reading.error(
                "spec.missing-field", at: service.place, "'service' has no 'port'", expected: "port: 8080")
            return nil
        }
        resources.ports.removeAll { $0 == port }
        var spec = ServiceSpec(port: port, readinessPath: service.readinessPath)
        if let delay = service.initialDelay { spec.initialDelay = delay }
        if let replicas = service.replicas { spec.replicas = replicas }
        return spec
    }

    private func checkEstimate(_ stage: StageDraft, among accelerators: [AcceleratorCount]) {
        guard !stage.resources.hasBrokenAccelerators, !stage.wrongFields.contains("resources") else { return }
        for (accelerator, _) in stage.estimate.perAccelerator where !accelerators.contains(accelerator.value) {
            let names = accelerators.map(\.description)
            let nearest = reading.suggestion(for: accelerator.value.description, among: names)
            reading.error(
                "spec.bad-estimate", at: accelerator.range,
                "an estimate for \(accelerator.value), which '\(stage.name.value)' does not ask for",
                expected: names.isEmpty
                    ? "estimate: 2h, since the stage asks for no accelerators"
                    : reading.choice(of: names),
                help: nearest)
        }
    }

    private func after(_ stage: StageDraft) -> [String] {
        var names: [String] = []
        for earlier in stage.after where !names.contains(earlier.value) {
            if stages[earlier.value] != nil {
                names.append(earlier.value)
                continue
            }
            let help = reading.suggestion(for: earlier.value, among: stages.names)
            reading.error(
                "spec.unknown-stage", at: earlier.range, "unknown stage '\(earlier.value)'",
                expected: help == nil ? reading.choice(of: stages.names) : nil, help: help)
        }
        return names
    }
}
