import SkyCore
import SkyYAML

/// One field of a section: what reads it, documents it and describes it to editors.
struct Field<Target>: Sendable {
    let name: String
    let shape: Shape
    let isRequired: Bool
    /// One sentence for people, without markup.
    let summary: String
    /// A value as it would be written in YAML; empty when the shape says it all.
    let example: String
    /// False for SkyPilot's fields that may stand in a file but do nothing.
    let hasEffect: Bool
    let read: @Sendable (YAMLNode.Entry, inout Target, Reading) -> Void

    init(
        _ name: String, _ shape: Shape, required: Bool = false, _ summary: String, example: String = "",
        hasEffect: Bool = true,
        read: @escaping @Sendable (YAMLNode.Entry, inout Target, Reading) -> Void
    ) {
        self.name = name
        self.shape = shape
        self.isRequired = required
        self.summary = summary
        self.example = example
        self.hasEffect = hasEffect
        self.read = read
    }

    /// A field of SkyPilot's that may stand in a file but does nothing, with a warning that says so.
    /// `form` is what a mapping in it must look like all the same.
    static func withoutEffect(
        _ name: String, _ summary: String, _ shape: Shape = .anything, form: Section<Void>? = nil
    ) -> Field {
        Field(name, shape, "\(summary) Accepted, without effect so far.", hasEffect: false) { entry, _, reading in
            var nothing: Void = ()
            if entry.value.mapping != nil { form?.read(entry.value, into: &nothing, at: entry.keyRange, reading) }
            reading.warning("spec.ignored-field", at: entry.keyRange, "'\(entry.key)' has no effect yet")
        }
    }

    /// A field inside one that has no effect: its form is checked, and nothing more is said about it.
    static func formOnly(_ name: String, _ shape: Shape, _ summary: String) -> Field {
        Field(name, shape, summary, hasEffect: false) { _, _, _ in }
    }
}

/// A mapping with known fields.
struct Section<Target>: Sendable {
    /// The definition's name in the schema.
    let name: String
    /// As messages call it: `a stage`, `'resources'`.
    let phrase: String
    let summary: String
    let fields: [Field<Target>]

    var fieldNames: [String] { fields.map(\.name) }

    /// Those worth telling a person about, sorted.
    private var usefulNames: [String] {
        let useful = fields.filter(\.hasEffect)
        return (useful.isEmpty ? fields : useful).map(\.name).sorted()
    }

    /// Reads all fields of `node` that are right and complains about all that are wrong.
    ///
    /// `place` is where a missing field is complained about. A field without a value counts as not given. Returns the
    /// names of fields that were meant to be given but are wrong, so that nobody complains that they are missing.
    @discardableResult
    func read(_ node: YAMLNode, into target: inout Target, at place: SourceRange, _ reading: Reading) -> Set<String> {
        var (given, wrong): (Set<String>, Set<String>) = ([], [])
        for entry in node.mapping ?? [] {
            guard let field = fields.first(where: { $0.name == entry.key }) else {
                if let meant = complainUnknown(entry, reading) { wrong.insert(meant) }
                continue
            }
            if entry.value.isNull { continue }
            given.insert(entry.key)
            if field.shape.admits(entry.value, label: "'\(entry.key)'", reading) {
                field.read(entry, &target, reading)
            } else {
                wrong.insert(entry.key)
            }
        }
        for field in fields where field.isRequired && !given.contains(field.name) && !wrong.contains(field.name) {
            reading.error(
                "spec.missing-field", at: place, "\(phrase) has no '\(field.name)'",
                expected: field.example.isEmpty ? field.shape.phrase : "\(field.name): \(field.example)")
        }
        return wrong
    }

    /// Returns the field that was probably meant.
    private func complainUnknown(_ entry: YAMLNode.Entry, _ reading: Reading) -> String? {
        let elsewhere = sectionPhrase(of: entry.key)
        let meant = elsewhere == nil ? nearestName(to: entry.key, among: fieldNames) : nil
        let help =
            elsewhere.map { "'\(entry.key)' belongs in \($0)" } ?? meant.map { "did you mean '\($0)'?" }
        reading.error(
            "spec.unknown-field", at: entry.keyRange, "unknown field '\(entry.key)' in \(phrase)",
            expected: help == nil ? reading.choice(of: usefulNames) : nil, help: help)
        return meant
    }
}
