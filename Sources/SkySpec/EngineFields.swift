import SkyCore
import SkyYAML

struct EngineDraft {
    /// Where `engine` is given.
    let place: SourceRange
    var name: Located<String>?
    var version: Located<String>?
    var options = EngineOptions()
    /// The options that are given, right or wrong.
    var given: [Located<String>] = []
}

/// `engine`: a name, a name with a version, or the section.
enum EngineFields {
    private static let names = StageEngine.Name.allCases.map(\.rawValue)
    private static let wanted = TextForm(
        names.map { "'\($0)'" }.joined(separator: ", ") + ", or one with a version such as 'ray==2.60.0'",
        pattern: "^((ray|spark)(==[0-9][0-9a-z.]*)?|torchrun|mpi)$")
    private static let version = TextForm("a version such as 2.60.0", pattern: "^[0-9][0-9a-z.]*$")
    static let shape = Shape.anyOf([.text(wanted), .section("engine")])

    /// Earlier ones let whoever reaches a port of theirs run programs, or have no folders of their own on each node.
    private static let leastVersions: [StageEngine.Name: [Int]] = [.ray: [2, 55], .spark: [3, 5]]

    static let section = Section<EngineDraft>(
        name: "engine", phrase: "'engine'", summary: "What runs across the nodes of a stage.",
        fields: [
            Field(
                "name", .text(.oneOf(names)), required: true, "Which.", example: "ray"
            ) { entry, draft, _ in
                draft.name = Located(entry.value.scalar ?? "", entry.value.range)
            },
            Field("version", .text(version), "Of Ray or Spark.", example: "2.60.0") { entry, draft, _ in
                draft.version = Located(entry.value.scalar ?? "", entry.value.range)
            },
            Field("options", .section("engineOptions"), "How it is to run.", example: "{cpus: 4}") {
                entry, draft, reading in
                draft.given = (entry.value.mapping ?? []).map { Located($0.key, $0.keyRange) }
                EngineOptionFields.section.read(entry.value, into: &draft.options, at: entry.keyRange, reading)
            },
        ])

    static func read(_ entry: YAMLNode.Entry, _ reading: Reading) -> Located<StageEngine>? {
        var draft = EngineDraft(place: entry.keyRange)
        if entry.value.mapping != nil {
            section.read(entry.value, into: &draft, at: entry.keyRange, reading)
        } else {
            let text = Located(entry.value.scalar ?? "", entry.value.range)
            draft.name = text
            if let equals = text.value.firstRange(of: "==") {
                let (name, version) = (text.value[..<equals.lowerBound], text.value[equals.upperBound...])
                draft.name = Located(String(name), text.range(of: name))
                draft.version = Located(String(version), text.range(of: version))
            }
        }
        return resolve(draft, reading).map { Located($0, entry.keyRange) }
    }

    /// Nil after a complaint.
    private static func resolve(_ draft: EngineDraft, _ reading: Reading) -> StageEngine? {
        guard let word = draft.name else { return nil }
        guard let name = StageEngine.Name(rawValue: word.value) else {
            let help = reading.suggestion(for: word.value, among: names)
            reading.error(
                "spec.bad-choice", at: word.range, "'\(word.value)' is no engine", expected: reading.choice(of: names),
                help: help)
            return nil
        }
        checkOptions(draft, of: name, reading)
        guard let version = draft.version else { return StageEngine(name, options: draft.options) }
        guard isRight(version, of: name, reading) else { return nil }
        return StageEngine(name, version: version.value, options: draft.options)
    }

    private static func isRight(
        _ version: Located<String>, of name: StageEngine.Name, _ reading: Reading
    ) -> Bool {
        guard let least = leastVersions[name], let usual = name.usualVersion else {
            reading.error(
                "spec.conflict", at: version.range,
                "\(name.rawValue) is variables and nothing that is installed, so it has no version",
                expected: "'\(name.rawValue)' alone")
            return false
        }
        let parts = version.value.split(separator: ".", omittingEmptySubsequences: false)
        let isNumber = parts.allSatisfy { part in
            part.first?.isNumber == true
                && part.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
                }
        }
        guard isNumber else {
            reading.error(
                "spec.bad-version", at: version.range, "'\(version.value)' is no version",
                expected: "one such as \(usual)")
            return false
        }
        let numbers = parts.map { Int($0.prefix { $0.isNumber }) ?? 0 }
        if !numbers.lexicographicallyPrecedes(least) { return true }
        let leastText = least.map(String.init).joined(separator: ".")
        reading.error(
            "spec.bad-version", at: version.range, "\(name.rawValue) \(version.value) is older than what works here",
            expected: "\(leastText) or newer, such as \(usual)")
        return false
    }

    private static func checkOptions(_ draft: EngineDraft, of name: StageEngine.Name, _ reading: Reading) {
        let own = EngineOptionFields.names(of: name)
        for option in draft.given where !own.contains(option.value) {
            // What no engine has was complained about already.
            guard EngineOptionFields.section.fieldNames.contains(option.value) else { continue }
            reading.error(
                "spec.unknown-field", at: option.range, "'\(option.value)' is no option of \(name.rawValue)",
                expected: reading.choice(of: own.sorted()))
        }
    }

    /// The lines of `engine` in a file; none when there is none.
    static func lines(_ engine: StageEngine?) -> [String] {
        guard let engine else { return [] }
        let options = EngineOptionFields.texts(engine.options)
        guard !options.isEmpty else {
            return ["engine: \(engine.name.rawValue)\(engine.version.map { "==\($0)" } ?? "")"]
        }
        return ["engine:", "  name: \(engine.name.rawValue)"]
            + (engine.version.map { ["  version: \(YAMLText.quoted($0))"] } ?? [])
            + ["  options:"] + options.map { "    \($0)" }
    }
}
