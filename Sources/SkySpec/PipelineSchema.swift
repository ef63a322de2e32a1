/// The format of pipeline files for editors.
public enum PipelineSchema {
    /// A JSON Schema (draft 2020-12), written from the same tables that read files.
    public static func json() -> String {
        let whole = OrderedJSON.object([
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("Sky pipeline")),
            ("description", .string("A pipeline of stages, or a SkyPilot task, which is a pipeline of one stage.")),
            ("anyOf", .array(["pipeline", "task", "chainHead"].map(reference))),
            ("$defs", .object(definitions)),
        ])
        return whole.rendered() + "\n"
    }

    private static var definitions: [(String, OrderedJSON)] {
        [
            definition(PipelineFields.section), definition(PipelineFields.chainHead),
            definition(ObjectiveFields.section), definition(ObjectiveFields.cost), definition(ObjectiveFields.time),
            definition(ObjectiveFields.weighted),
            definition(StageFields.section), definition(StageFields.task), definition(ArtifactFields.input),
            definition(ArtifactFields.output), definition(Figures.size.section), definition(Figures.duration.section),
            definition(CheckpointFields.section), definition(RecoveryFields.section), definition(SpotFields.section),
            definition(LimitFields.section), definition(EngineFields.section), definition(EngineOptionFields.section),
            definition(RunRuleFields.budgetSection), definition(RunRuleFields.deviation),
            definition(RecoveryFields.jobRecovery), definition(MountFields.section),
            definition(RepositoryFields.section), definition(ResourceFields.section),
            definition(ResourceFields.alternative, takesBack: true), definition(AcceleratorReading.byMemory),
            definition(CapabilityFields.exclusion), definition(ServiceFields.section),
            definition(ServiceFields.probe), definition(ServiceFields.policy),
        ] + SkyPilotFields.sections.map { definition($0) }
    }

    /// - Parameter takesBack: a field without a value means something there.
    private static func definition<Target>(
        _ section: Section<Target>, takesBack: Bool = false
    ) -> (String, OrderedJSON) {
        var members: [(String, OrderedJSON)] = [
            ("description", .string(section.summary)),
            ("type", .string("object")),
            ("properties", .object(section.fields.map { ($0.name, property($0, takesBack: takesBack)) })),
            ("additionalProperties", .bool(false)),
        ]
        let required = section.fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { members.append(("required", .strings(required))) }
        return (section.name, .object(members))
    }

    private static func property<Target>(_ field: Field<Target>, takesBack: Bool) -> OrderedJSON {
        var members = [("description", OrderedJSON.string(field.summary))]
        if !field.example.isEmpty { members[0].1 = .string("\(field.summary)\n\n\(field.name): \(field.example)") }
        if !field.hasEffect { members.append(("deprecated", .bool(true))) }
        return .object(members + keywords(takesBack ? .anyOf([field.shape, .nothing]) : field.shape))
    }

    private static func reference(_ name: String) -> OrderedJSON {
        .object([("$ref", .string("#/$defs/\(name)"))])
    }

    private static func keywords(_ shape: Shape) -> [(String, OrderedJSON)] {
        switch shape {
        case .text(let form):
            if !form.choices.isEmpty {
                return [
                    ("enum", .strings(form.choices + (form.ignoresCase ? form.choices.map { $0.uppercased() } : [])))
                ]
            }
            // YAML reads 8 and true as other things than text; to a field of text they are text.
            let types = ("type", OrderedJSON.strings(["string", "number", "boolean"]))
            return [types] + (form.pattern.map { [("pattern", .string($0))] } ?? [])
        case .wholeNumber: return [("type", .string("integer"))]
        case .number: return [("type", .string("number"))]
        case .boolean: return [("type", .string("boolean"))]
        case .nothing: return [("type", .string("null"))]
        case .list(let element): return [("type", .string("array")), ("items", .object(keywords(element)))]
        case .map(let keys, let values):
            let names = keys.pattern.map { [("propertyNames", OrderedJSON.object([("pattern", .string($0))]))] } ?? []
            return [("type", .string("object")), ("additionalProperties", .object(keywords(values)))] + names
        case .section(let name): return [("$ref", .string("#/$defs/\(name)"))]
        case .anyOf(let shapes): return [("anyOf", .array(shapes.map { .object(keywords($0)) }))]
        case .anything: return []
        }
    }
}
