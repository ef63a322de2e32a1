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
        CycleSearch(draft.stages, self.stages).complain(reading)
        ResidencyCheck(reading: reading, drafts: draft.stages).check(stages)
        let name = draft.name.flatMap(Names.pipeline) ?? Names.pipeline(from: defaultName) ?? "pipeline"
        let pipeline = Pipeline(
            name: name, objective: draft.objective.objective, policy: draft.policy, stages: stages,
            budget: draft.budget, onDeviation: draft.rules.onDeviation, lease: draft.rules.lease,
            keepOnFailure: draft.rules.keepOnFailure, maxParallel: draft.rules.maxParallel,
            reusesNodes: draft.rules.reusesNodes ?? true, directory: reading.directory)
        return (pipeline, variables.secretValues(stages: draft.stages))
    }

    private func resolve(_ stageDraft: StageDraft) -> Stage {
        let own = variables.resolve(stageDraft.variables, cell: stageDraft.cell)
        let inputs = stageDraft.inputs.flatMap { input in
            InputResolver(reading: reading, stages: stages).resolve(input, of: stageDraft, own)
        }
        let defaultAreas = stageDraft.areas ?? draft.areas ?? []
        var resources = ResourceResolver(reading: reading, defaultAreas: defaultAreas)
            .resolve(stageDraft.resources, numNodes: stageDraft.numNodes)
        let service = service(of: stageDraft, &resources.request)
        if let port = service?.port {
            for index in resources.alternatives.indices {
                resources.alternatives[index].ports.removeAll { $0 == port }
            }
        }
        // Where the stage itself goes its own way, its outputs do too.
        let outputAreas = stageDraft.resources.namesAreas ? [] : defaultAreas
        let code = CodeResolver(reading: reading)
        var stage = Stage(
            name: stageDraft.name.value, resources: resources.request, numNodes: resources.numNodes, inputs: inputs,
            outputs: stageDraft.outputs.map {
                StageOutput(name: $0.name.value, sizeEstimate: $0.size, areas: $0.areas ?? outputAreas)
            },
            envs: own.envs, setup: code.setup(of: stageDraft, own), run: command(of: stageDraft),
            code: code.resolve(stageDraft, inputs: inputs, own), service: service, after: after(stageDraft),
            secretNames: own.secretNames, alternatives: resources.alternatives,
            alternativesAreOrdered: resources.areOrdered)
        stage.estimate = EstimateResolver(reading: reading).resolve(stageDraft, for: stage.acceptableResources)
        stage.deadline = stageDraft.deadline
        stage.timeout = timeout(of: stageDraft)
        stage.limits = stageDraft.limits
        stage.engine = engine(of: stageDraft)
        stage.checkpointInterval = stageDraft.checkpointInterval
        stage.checkpointPath = stageDraft.checkpointPath
        stage.budget = stageDraft.budget
        stage.onDemandAfterInterruptions = stageDraft.onDemandAfter?.value
        warnOfIdleFallback(stageDraft, stage)
        stage.jobRecovery = recovery(stageDraft.retries, resources.recovery)
        return stage
    }

    private func timeout(of stage: StageDraft) -> TimeSpan? {
        if let timeout = stage.timeout, let service = stage.service {
            reading.error(
                "spec.conflict", at: timeout.range, "a service is to keep serving, and has no 'timeout'",
                expected:
                    "'timeout' in a stage that ends, or readiness_probe: {initial_delay_seconds: 60} in the service",
                notes: [Diagnostic.Note(range: service.place, message: "a service")])
        }
        return stage.timeout?.value
    }

    private func engine(of stage: StageDraft) -> StageEngine? {
        if let engine = stage.engine, stage.run == nil, !stage.isBroken, !stage.wrongFields.contains("run") {
            reading.error(
                "spec.missing-field", at: engine.range, "an engine without a 'run' has nothing to do",
                expected: "run: a shell command that uses it")
        }
        return stage.engine?.value
    }

    private func warnOfIdleFallback(_ draft: StageDraft, _ stage: Stage) {
        guard let fallback = draft.onDemandAfter, !stage.acceptableResources.contains(where: \.useSpot) else { return }
        reading.warning(
            "spec.ignored-field", at: fallback.range, "'spot' has no effect without machines that may be taken away",
            help: "add use_spot: true to the resources")
    }

    /// `retries`, or SkyPilot's name for it.
    private func recovery(
        _ retries: Located<JobRecovery>?, _ skyPilots: Located<JobRecovery>?
    ) -> JobRecovery? {
        if let retries, let skyPilots {
            reading.error(
                "spec.conflict", at: retries.range, "both 'retries' and 'job_recovery'", expected: "one of them",
                notes: [Diagnostic.Note(range: skyPilots.range, message: "also given here")])
        }
        return (retries ?? skyPilots)?.value
    }

    /// `run`. SkyPilot's tasks may start machines and do nothing with them; a stage of a pipeline may not.
    private func command(of stage: StageDraft) -> String? {
        guard stage.run == nil, stage.setup == nil, stage.service == nil, !stage.isBroken,
            stage.wrongFields.isDisjoint(with: ["run", "setup", "service"])
        else { return stage.run?.value }
        guard stage.mayDoNothing else {
            reading.error(
                "spec.missing-field", at: stage.name.range, "stage '\(stage.name.value)' has no 'run'",
                expected: "run: a shell command")
            return nil
        }
        reading.warning(
            "spec.nothing-to-run", at: stage.name.range,
            "stage '\(stage.name.value)' has no 'run': its machines go back as soon as they are there")
        return "true"
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

    private func after(_ stage: StageDraft) -> [String] {
        var names: [String] = []
        for earlier in stage.after where !names.contains(earlier.value) {
            if stages.contains(earlier.value) {
                names += stages.makers(earlier.value, for: stage).map(\.name.value).filter { !names.contains($0) }
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
