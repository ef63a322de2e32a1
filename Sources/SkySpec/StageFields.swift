import SkyCore
import SkyYAML

/// The table of a stage's fields, which are also those of a task file.
enum StageFields {
    static let section = Section<StageDraft>(
        name: "stage", phrase: "a stage", summary: "One step: it runs to its end, or keeps serving.",
        fields: commands + data + machines + time + [matrix] + SkyPilotFields.ofStages)

    /// A file without `stages`: a stage that names itself, as SkyPilot's task files do.
    static let task = Section<StageDraft>(
        name: "task", phrase: "a task file", summary: "A pipeline of one stage, in the form of a SkyPilot task.",
        fields: [name, objective, policy, regions] + RunRuleFields.ofRun(\.rules) + commands + data + machines + time
            + SkyPilotFields.ofStages)

    /// Read before the stage is: see `MatrixExpansion`.
    private static let matrix = Field<StageDraft>(
        "matrix", MatrixExpansion.shape,
        "Makes a stage of each combination of these values, with the variables in its fields and its environment.",
        example: "{LR: [0.1, 0.01], SEED: [1, 2, 3]}"
    ) { _, _, _ in }

    private static let name = Field<StageDraft>(
        "name", .plainText, "What the task is called; the file's name when left out.", example: "finetune"
    ) { entry, draft, _ in
        draft.taskName = entry.value.scalar
    }

    private static let objective = Field<StageDraft>(
        "objective", ObjectiveFields.shape, ObjectiveFields.summary, example: "time"
    ) { entry, draft, reading in
        draft.objective = ObjectiveFields.read(entry.value, reading)
    }

    private static let policy = Field<StageDraft>(
        "policy", .plainText, PipelineFields.policySummary, example: "spot-first"
    ) { entry, draft, _ in
        draft.policy = entry.value.scalar
    }

    private static let regions = Field<StageDraft>(
        "regions", AreaFields.shape, PipelineFields.regionsSummary, example: "eu"
    ) { entry, draft, reading in
        draft.areas = AreaFields.read(entry.value, reading)
    }

    private static let commands: [Field<StageDraft>] = [
        Field("run", .plainText, "Shell; the stage is done when it ends with 0.", example: "python3 train.py") {
            entry, draft, _ in
            draft.run = Located(entry.value.scalar ?? "", entry.value.range)
        },
        Field("setup", .plainText, "Shell, run once on each node before run.", example: "pip install torch") {
            entry, draft, _ in
            draft.setup = Located(entry.value.scalar ?? "", entry.value.range)
        },
        Field(
            "envs", VariableFields.envsShape, "The stage's own environment variables, on top of the pipeline's.",
            example: "{EPOCHS: 3}"
        ) { entry, draft, reading in
            draft.variables.envs = VariableFields.readEnvs(entry.value, reading)
        },
        Field("secrets", VariableFields.secretsShape, VariableFields.secretsSummary, example: "[HF_TOKEN]") {
            entry, draft, reading in
            draft.variables.secrets = VariableFields.readSecrets(entry.value, reading)
        },
        Field(
            "workdir", .anyOf([.plainText, .section("repository")]),
            "A folder whose contents become the working directory on each node, or a Git repository.", example: "."
        ) { entry, draft, reading in
            guard entry.value.mapping != nil else {
                draft.workdir = Located(entry.value.scalar ?? "", entry.value.range)
                return
            }
            var repository = RepositoryDraft()
            RepositoryFields.section.read(entry.value, into: &repository, at: entry.keyRange, reading)
            draft.repository = repository
        },
        Field(
            "file_mounts", .map(keys: TextForm("a path on the node"), values: .anyOf([.plainText, .section("mount")])),
            "Files, folders and addresses to copy to each node, by their path there.", example: "{/data: ./data}"
        ) { entry, draft, reading in
            draft.mounts = reading.entries(of: entry.value).map { MountFields.read($0, reading) }
        },
    ]

    private static let data: [Field<StageDraft>] = [
        Field(
            "inputs",
            .map(
                keys: ArtifactFields.keyForm,
                values: .anyOf([
                    .text(ArtifactFields.sourceForm), .section("input"), .list(.text(ArtifactFields.outputForm)),
                ])),
            "What the stage reads, by name; the path is in SKY_INPUT_<NAME>.",
            example: "{raw: ./data/tickets.csv, clean: preprocess.clean}"
        ) { entry, draft, reading in
            draft.inputs = ArtifactFields.readInputs(entry.value, reading)
        },
        Field(
            "outputs", ArtifactFields.outputsShape,
            "What the stage writes, by name; it writes to the path in SKY_OUTPUT_<NAME>.",
            example: "{clean: {size: 40GB}}"
        ) { entry, draft, reading in
            draft.outputs = ArtifactFields.readOutputs(entry.value, reading)
        },
        Field(
            "after", .list(.text(PipelineFields.stageName)),
            "Stages that must have finished first, though none of"
                + " their outputs is read.", example: "[migrate]"
        ) { entry, draft, reading in
            draft.after = reading.elements(of: entry.value).map { Located($0.scalar ?? "", $0.range) }
        },
    ]

    private static let machines: [Field<StageDraft>] = [
        Field("resources", .section("resources"), "What one node must have.", example: "{cpus: 8+, memory: 32+}") {
            entry, draft, reading in
            draft.resources.node = entry.value
            let wrong = ResourceFields.section.read(
                entry.value, into: &draft.resources, at: entry.keyRange, reading)
            if !wrong.isDisjoint(with: ["accelerators", "gpus"]) { draft.resources.hasBrokenAccelerators = true }
        },
        Field("num_nodes", .wholeNumber, "How many nodes work together.", example: "4") { entry, draft, reading in
            draft.numNodes = Amounts.readCount(entry.value, what: "nodes", reading) ?? 1
        },
        Field(
            "engine", EngineFields.shape, "What runs across its nodes and is there for its command.",
            example: "ray==2.60.0"
        ) { entry, draft, reading in
            draft.engine = EngineFields.read(entry, reading)
        },
        Field(
            "service", .section("service"), "Makes the stage keep serving.",
            example: "{port: 8080, readiness_probe: /healthz}"
        ) { entry, draft, reading in
            var service = ServiceDraft(place: entry.keyRange)
            ServiceFields.section.read(entry.value, into: &service, at: entry.keyRange, reading)
            draft.service = service
        },
    ]

    private static let time: [Field<StageDraft>] = [
        Field(
            "estimate", EstimateFields.shape,
            "How long it takes, for planning: one duration, a range, or one of these per accelerator.",
            example: "{\"tpu-v5e:8\": 6h, \"A100:8\": 9h..12h}"
        ) { entry, draft, reading in
            draft.estimate = EstimateFields.read(entry, reading)
        },
        Field(
            "deadline", .text(Amounts.duration), "When it must be done, from its own start.", example: "12h"
        ) { entry, draft, reading in
            draft.deadline = Amounts.readDuration(entry.value, reading)
        },
        Field(
            "timeout", .text(Amounts.duration), "How long its commands may take, each time they are begun.",
            example: "2h"
        ) { entry, draft, reading in
            draft.timeout = Amounts.readDuration(entry.value, reading).map { Located($0, entry.keyRange) }
        },
        Field(
            "limits", .section("limits"), "What its commands may use of a node.",
            example: "{memory: 8GB, files: 65536}"
        ) { entry, draft, reading in
            draft.limits = LimitFields.read(entry, reading)
        },
        Field(
            "retries", RecoveryFields.shape, "How often it is begun again after its command failed.",
            example: "{max: 3, backoff: 10s}"
        ) { entry, draft, reading in
            draft.retries = Located(RecoveryFields.read(entry, reading), entry.keyRange)
        },
        Field(
            "checkpoint", CheckpointFields.shape,
            "Where and how often it saves what it has done, so that an interruption costs no more than this.",
            example: "{path: ckpt, every: 10m}"
        ) { entry, draft, reading in
            CheckpointFields.read(entry, into: &draft, reading)
        },
        Field(
            "spot", .section("spot"), "What becomes of it on machines that may be taken away.",
            example: "{fallback: on-demand, after: 3}"
        ) { entry, draft, reading in
            var spot = SpotDraft()
            SpotFields.section.read(entry.value, into: &spot, at: entry.keyRange, reading)
            if spot.isGiven { draft.onDemandAfter = Located(spot.interruptions, entry.keyRange) }
        },
        RunRuleFields.budget(\.budget, "it"),
    ]
}

/// SkyPilot's `workdir` from a Git repository.
enum RepositoryFields {
    static let section = Section<RepositoryDraft>(
        name: "repository", phrase: "'workdir'", summary: "A Git repository that becomes the working directory.",
        fields: [
            Field("url", .plainText, required: true, "Where it is cloned from.", example: "https://github.com/a/b") {
                entry, draft, _ in
                draft.url = Located(entry.value.scalar ?? "", entry.value.range)
            },
            Field("ref", .plainText, "A branch, a tag or a commit; the default branch when left out.", example: "main")
            { entry, draft, _ in
                draft.ref = Located(entry.value.scalar ?? "", entry.value.range)
            },
        ])

    /// Shell that fills the working directory. `git clone` would refuse one in which mounts already lie.
    static func script(url: String, ref: String?) -> String {
        let wanted = shellQuoted(ref ?? "HEAD")
        return "\(beginning)\(shellQuoted(url)) \(wanted) && git checkout -q FETCH_HEAD || exit 1"
    }

    /// Whether a setup begins with such a script: then the commands' files come from the repository.
    static func fills(_ setup: String?) -> Bool { setup?.hasPrefix(beginning) ?? false }

    private static let beginning = "git init -q . && git fetch -q --depth 1 "

    private static func shellQuoted(_ text: String) -> String {
        "'\(text.replacing("'", with: "'\\''"))'"
    }
}
