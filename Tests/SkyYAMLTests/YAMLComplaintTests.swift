import SkyCore
import SkyTestSupport
import SkyYAML
import Testing

@Suite("Complaints about YAML")
struct YAMLComplaintTests {
    static let mistakes: [(name: String, text: String)] = [
        ("duplicate keys, and reading goes on", "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n<<: {x: 1}\n<<: {y: 1}\n"),
        ("unknown alias", "base: &base {a: 1}\nx: *bsae\ny: &loop [*loop]\n"),
        ("bad merge", "a: &a 3\n<<: *a\n"),
        ("bad key", "? [a, b]\n: 1\n{c: d}: 2\n"),
        ("unknown tag", "a: !!binary aGk=\nb: !mine {c: 1}\nd: !!int 3\n"),
        ("tab as the whole indentation", "stages:\n\ttrain:\n\t\trun: x\n"),
        ("tab after spaces", "stages:\n  train:\n  \trun: x\n"),
        ("tab in a block of text", "run: |\n\techo hello\n"),
        ("tab after a value", "a:\n  b: 1\n\tc: 2\n"),
        ("two colons", "a: b: c\n"),
        ("line without a colon", "name: x\nstages\nrun: y\n"),
        ("wrong indentation", "a:\n    b: 1\n  c: 2\n"),
        ("list next to a mapping", "a:\n  - 1\n  b: 2\n"),
        ("open brace", "a: {b: 1\nc: 2\n"),
        ("open bracket", "a: [1, 2\nb: 3\n"),
        ("open quote", "a: \"text\nb: 2\n"),
        ("reserved character", "a: @home\nb: 1\n"),
        ("percent", "a:\n  - %x\n"),
        ("control character", "a: ok\nbé: x\u{7}y\n"),
        ("bad escape", "a: \"\\q\"\n"),
        ("bad version", "%YAML 3.0\n---\na: 1\n"),
    ]

    @Test("each mistake has its message at its place")
    func golden() throws {
        var text = ""
        for (name, yaml) in Self.mistakes {
            let source = file(yaml)
            let result = YAML.parse(source)
            #expect(!result.diagnostics.isEmpty, "\(name)")
            text += "# \(name)\n" + DiagnosticRenderer(sources: [source]).render(result.diagnostics) + "\n"
        }
        try expectGolden(text, "complaints.txt")
    }

    @Test("a duplicate key keeps its first value, and the rest of the file is still read")
    func firstWins() {
        let result = YAML.parse(file("a: 1\na: 2\nb: 3\n---\nc: 4\n"))
        #expect(result.documents.first?["a"]?.scalar == "1")
        #expect(result.documents.first?["b"]?.scalar == "3")
        #expect(result.documents.count == 2)
    }

    @Test("documents before a syntax error are kept")
    func documentsBeforeError() {
        let result = YAML.parse(file("a: 1\n---\nb: [\n"))
        #expect(result.documents.count == 1)
        #expect(result.diagnostics.map(\.code) == ["yaml.syntax"])
    }

    @Test("a few hundred bytes of aliases that stand for billions of values are refused")
    func aliasBomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let result = YAML.parse(file(text))
        #expect(result.diagnostics.map(\.code) == ["yaml.too-large"])
        #expect(result.diagnostics.first?.range?.start.line == 5)
    }

    @Test("merging counts as writing out")
    func mergeBomb() {
        var text = "m0: &m0 {a: 1, b: 2}\n"
        for level in 1...60 {
            text += "m\(level): &m\(level) {<<: [*m\(level - 1), *m\(level - 1)]}\n"
        }
        #expect(YAML.parse(file(text)).diagnostics.map(\.code) == ["yaml.too-large"])
    }

    @Test("64 levels are read, 65 are refused", arguments: ["[", "{a: ", "- "])
    func nesting(opening: String) {
        let closing = ["[": "]", "{a: ": "}", "- ": ""][opening] ?? ""
        func text(_ levels: Int) -> SourceFile {
            file(
                String(repeating: opening, count: levels) + "x" + String(repeating: closing, count: levels)
                    + "\n")
        }
        #expect(YAML.parse(text(64)).diagnostics.isEmpty)
        #expect(YAML.parse(text(65)).diagnostics.map(\.code) == ["yaml.too-deep"])
        #expect(YAML.parse(text(20_000)).diagnostics.map(\.code) == ["yaml.too-deep"])
    }
}
