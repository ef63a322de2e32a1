import SkyCore
import SkyYAML

/// The table of a pipeline's own fields.
enum PipelineFields {
    static let section = Section<PipelineDraft>(
        name: "pipeline", phrase: "the pipeline",
        summary: "Stages, and the artifacts that flow between them.",
        fields: [name, objective, policy, regions, envs, secrets] + rules + [stages])

    /// A multi-document file may begin with a document that has only these.
    static let chainHead = Section<PipelineDraft>(
        name: "chainHead", phrase: "the first document",
        summary: "What the tasks of a file with several documents share.",
        fields: [name, objective, policy, regions, envs, secrets] + rules + [execution] + SkyPilotFields.ofGroups)

    private static let rules =
        [RunRuleFields.budget(\PipelineDraft.budget, "the whole run")] + RunRuleFields.ofRun(\PipelineDraft.rules)
        + [RunRuleFields.maxParallel(\PipelineDraft.rules), RunRuleFields.reuseNodes(\PipelineDraft.rules)]

    private static let name = Field<PipelineDraft>(
        "name", .plainText, "What the pipeline is called; the file's name when left out.", example: "support-tickets"
    ) { entry, draft, _ in
        draft.name = entry.value.scalar
    }

    private static let objective = Field<PipelineDraft>(
        "objective", ObjectiveFields.shape, ObjectiveFields.summary, example: "{cost: {deadline: 8h}}"
    ) { entry, draft, reading in
        draft.objective = ObjectiveFields.read(entry.value, reading)
    }

    static let policySummary =
        "What chooses where everything runs: a policy's name, or exec: and a program; the objective's when left out."

    private static let policy = Field<PipelineDraft>("policy", .plainText, policySummary, example: "spot-first") {
        entry, draft, _ in
        draft.policy = entry.value.scalar
    }

    static let regionsSummary =
        "Parts of the world that all stages and outputs must stay in that do not say otherwise: continents, eu, eea,"
        + " countries."

    private static let regions = Field<PipelineDraft>("regions", AreaFields.shape, regionsSummary, example: "eu") {
        entry, draft, reading in
        draft.areas = AreaFields.read(entry.value, reading)
    }

    private static let envs = Field<PipelineDraft>(
        "envs", VariableFields.envsShape,
        "Environment variables of all stages. One without a value must be given"
            + " at launch with --env.", example: #"{SEED: "7"}"#
    ) { entry, draft, reading in
        draft.variables.envs = VariableFields.readEnvs(entry.value, reading)
    }

    private static let secrets = Field<PipelineDraft>(
        "secrets", VariableFields.secretsShape, VariableFields.secretsSummary, example: "[HF_TOKEN]"
    ) { entry, draft, reading in
        draft.variables.secrets = VariableFields.readSecrets(entry.value, reading)
    }

    private static let execution = Field<PipelineDraft>(
        "execution", .text(.oneOf(["serial", "parallel"])), "Whether each task waits for the one before it."
    ) { entry, draft, _ in
        draft.isParallel = entry.value.scalar == "parallel"
    }

    static let stageName = TextForm(
        "a stage name (a-z, 0-9 and '-', at most 40, a letter first)", pattern: "^[a-z][a-z0-9-]{0,39}$")

    private static let stages = Field<PipelineDraft>(
        "stages", .map(keys: stageName, values: .section("stage")), required: true, "The stages by name.",
        example: "{train: {run: python3 train.py}}"
    ) { entry, draft, reading in
        let entries = entry.value.mapping ?? []
        if entries.isEmpty {
            reading.error(
                "spec.missing-field", at: entry.keyRange, "the pipeline has no stages", expected: "at least one stage")
        }
        for stage in entries {
            if !Names.isStage(stage.key) {
                let better = Names.stage(from: stage.key)
                reading.error(
                    "spec.bad-name", at: stage.keyRange, "'\(stage.key)' cannot be a stage's name",
                    expected: stageName.phrase, help: better.map { "'\($0)' would do" })
            }
            draft.stages += MatrixExpansion.expand(stage, reading).map { read($0.entry, cell: $0.cell, reading) }
        }
        complainOfTwins(draft.stages, reading)
    }
}

extension PipelineFields {
    private static func read(_ entry: YAMLNode.Entry, cell: MatrixCell?, _ reading: Reading) -> StageDraft {
        var stage = StageDraft(name: Located(entry.key, entry.keyRange))
        stage.cell = cell
        stage.isBroken = reading.isBroken(entry.value)
        if !stage.isBroken {
            stage.wrongFields = StageFields.section.read(entry.value, into: &stage, at: entry.keyRange, reading)
        }
        return stage
    }

    /// A stage of a matrix may be called what another stage is.
    private static func complainOfTwins(_ stages: [StageDraft], _ reading: Reading) {
        var places: [String: SourceRange] = [:]
        for stage in stages {
            guard let first = places.updateValue(stage.name.range, forKey: stage.name.value), first != stage.name.range
            else { continue }
            reading.error(
                "spec.duplicate", at: stage.name.range, "there are two stages '\(stage.name.value)'",
                expected: "another name for one of them",
                notes: [Diagnostic.Note(range: first, message: "the first")])
        }
    }
}

/// `weighted`: what is worth how much.
struct WeightsDraft {
    var perHour: Money?
    var perInterruption: Money?
}

/// `objective`: what placement makes small.
enum ObjectiveFields {
    static let shape = Shape.anyOf([.text(.oneOf(["cost", "time"])), .section("objective")])
    static let summary =
        "What to make small, and the limit to keep: cost, time, {cost: {deadline: 8h}},"
        + " {time: {budget: $50}} or {weighted: {hour: $20, reliability: $50}}."

    static func read(_ node: YAMLNode, _ reading: Reading) -> ObjectiveDraft {
        var draft = ObjectiveDraft()
        if let word = node.scalar {
            draft.objective = word == "time" ? .time : .cost
            return draft
        }
        section.read(node, into: &draft, at: node.range, reading)
        if draft.goals.count > 1, let second = draft.goals.last {
            reading.error(
                "spec.conflict", at: second.range, "two objectives at once",
                expected: "one of 'cost', 'time' and 'weighted'")
        }
        // `{cost: }` without a limit is the word alone.
        if draft.goals.isEmpty, let only = node.mapping?.first, only.key == "time" { draft.objective = .time }
        return draft
    }

    private static func readWeights(_ entry: YAMLNode.Entry, _ draft: inout ObjectiveDraft, _ reading: Reading) {
        var weights = WeightsDraft()
        weighted.read(entry.value, into: &weights, at: entry.keyRange, reading)
        if (entry.value.mapping ?? []).allSatisfy(\.value.isNull) {
            reading.error(
                "spec.missing-field", at: entry.keyRange, "'weighted' says nothing of time or risk",
                expected: "hour: $20, reliability: $50, or both")
        }
        draft.objective = .weighted(
            perHour: weights.perHour ?? .zero, perInterruption: weights.perInterruption ?? .zero)
    }

    static let section = Section<ObjectiveDraft>(
        name: "objective", phrase: "'objective'", summary: "A goal with the limit it must keep.",
        fields: [
            Field("cost", .section("costObjective"), "The cheapest that is done in time.", example: "{deadline: 8h}") {
                entry, draft, reading in
                draft.goals.append(Located("cost", entry.keyRange))
                cost.read(entry.value, into: &draft, at: entry.keyRange, reading)
            },
            Field("time", .section("timeObjective"), "The fastest that the budget pays for.", example: "{budget: $50}")
            { entry, draft, reading in
                draft.goals.append(Located("time", entry.keyRange))
                time.read(entry.value, into: &draft, at: entry.keyRange, reading)
            },
            Field(
                "weighted", .section("weightedObjective"),
                "The least of cost plus what the time and the risk are worth.",
                example: "{hour: $20, reliability: $50}"
            ) { entry, draft, reading in
                draft.goals.append(Located("weighted", entry.keyRange))
                readWeights(entry, &draft, reading)
            },
        ])

    static let cost = Section<ObjectiveDraft>(
        name: "costObjective", phrase: "'cost'", summary: "The cheapest that is done in time.",
        fields: [
            Field("deadline", .text(Amounts.duration), required: true, "From launch to done.", example: "8h") {
                entry, draft, reading in
                guard let span = Amounts.readDuration(entry.value, reading) else { return }
                draft.objective = .costWithin(deadline: span)
            }
        ])

    static let time = Section<ObjectiveDraft>(
        name: "timeObjective", phrase: "'time'", summary: "The fastest that the budget pays for.",
        fields: [
            Field("budget", .text(Amounts.money), required: true, "For the whole run.", example: "$50") {
                entry, draft, reading in
                guard let amount = Amounts.readMoney(entry.value, reading) else { return }
                draft.objective = .timeWithin(budget: amount)
            }
        ])

    static let weighted = Section<WeightsDraft>(
        name: "weightedObjective", phrase: "'weighted'",
        summary: "The least of cost plus what the time and the risk are worth.",
        fields: [
            Field("hour", .text(Amounts.money), "What being done an hour sooner is worth.", example: "$20") {
                entry, draft, reading in
                draft.perHour = Amounts.readMoney(entry.value, reading)
            },
            Field(
                "reliability", .text(Amounts.money), "What it is worth to expect one interruption less.",
                example: "$50"
            ) { entry, draft, reading in
                draft.perInterruption = Amounts.readMoney(entry.value, reading)
            },
        ])
}
