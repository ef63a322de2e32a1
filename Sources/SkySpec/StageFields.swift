import SkyCore
import SkyYAML

/// The table of a stage's fields, which are also those of a task file.
enum StageFields {
    static let section = Section<StageDraft>(
        name: "stage", phrase: "a stage", summary: "One step: it runs to its end, or keeps serving.",
        fields: commands + data + machines + withoutEffect)

    /// A file without `stages`: a stage that names itself, as SkyPilot's task files do.
    static let task = Section<StageDraft>(
        name: "task", phrase: "a task file", summary: "A pipeline of one stage, in the form of a SkyPilot task.",
        fields: [name, objective] + commands + data + machines + withoutEffect)

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
            "workdir", .plainText, "A folder whose contents become the working directory on each node.", example: "."
        ) { entry, draft, _ in
            draft.workdir = Located(entry.value.scalar ?? "", entry.value.range)
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
            .map(keys: ArtifactFields.keyForm, values: .anyOf([.text(ArtifactFields.sourceForm), .section("input")])),
            "What the stage reads, by name; the path is in SKY_INPUT_<NAME>.",
            example: "{raw: ./data/tickets.csv, clean: preprocess.clean}"
        ) { entry, draft, reading in
            draft.inputs = ArtifactFields.readInputs(entry.value, reading)
        },
        Field(
            "outputs",
            .anyOf([
                .map(
                    keys: ArtifactFields.keyForm,
                    values: .anyOf([.text(Amounts.size), .section("output"), .nothing])),
                .list(.text(ArtifactFields.nameForm)),
            ]), "What the stage writes, by name; it writes to the path in SKY_OUTPUT_<NAME>.",
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
            let wrong = ResourceFields.section.read(
                entry.value, into: &draft.resources, at: entry.keyRange, reading)
            if !wrong.isDisjoint(with: ["accelerators", "gpus"]) { draft.resources.hasBrokenAccelerators = true }
        },
        Field("num_nodes", .wholeNumber, "How many nodes work together.", example: "4") { entry, draft, reading in
            draft.numNodes = Amounts.readCount(entry.value, what: "nodes", reading) ?? 1
        },
        Field(
            "estimate",
            .anyOf([
                .text(Amounts.duration), .map(keys: AcceleratorReading.form, values: .text(Amounts.duration)),
            ]), "How long it takes, for planning: one duration, or one per accelerator.",
            example: "{\"tpu-v5e:8\": 6h, \"A100:8\": 9h}"
        ) { entry, draft, reading in
            draft.estimate = readEstimate(entry.value, reading)
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

    private static let withoutEffect: [Field<StageDraft>] = [
        .withoutEffect("config", "SkyPilot: settings of its own."),
        .withoutEffect("volumes", "SkyPilot: disks to attach."),
        .withoutEffect("volume_mounts", "SkyPilot: disks to attach."),
        .withoutEffect("event_callback", "SkyPilot: a command at every change of state."),
        .withoutEffect("managed_secrets", "SkyPilot: secrets kept by its server."),
        .withoutEffect("api_server_access", "SkyPilot: whether the task may call its server."),
        .withoutEffect("file_mounts_mapping", "SkyPilot: kept by its client."),
        .withoutEffect("pool", "SkyPilot: a pool of workers."),
    ]

    private static func readEstimate(_ node: YAMLNode, _ reading: Reading) -> EstimateDraft {
        var draft = EstimateDraft()
        guard node.mapping != nil else {
            draft.general = Amounts.readDuration(node, reading)
            return draft
        }
        for entry in reading.entries(of: node) {
            let duration = Amounts.readDuration(entry.value, reading)
            let accelerator = AcceleratorReading.parse(Located(entry.key, entry.keyRange), reading)
            guard let duration, let accelerator else { continue }
            draft.perAccelerator.append((Located(accelerator, entry.keyRange), duration))
        }
        return draft
    }
}
