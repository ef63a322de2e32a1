import SkyCore
import SkyTestSupport
import Testing

@Suite("Diagnostics as people read them")
struct DiagnosticRendererTests {
    private static func range(_ line: Int, _ from: Int, _ endLine: Int, _ to: Int) -> SourceRange {
        SourceRange(start: SourcePosition(line: line, column: from), end: SourcePosition(line: endLine, column: to))
    }

    private func expectRendering(
        _ diagnostics: [Diagnostic], of text: String, as name: String, style: TextStyle = .plain
    ) throws {
        let renderer = DiagnosticRenderer(sources: [SourceFile(path: "p.yaml", text: text)], style: style)
        try expectGolden(renderer.render(diagnostics), name)
    }

    private static let unknownField = Diagnostic(
        code: "spec.unknown-field", path: "p.yaml", range: range(2, 3, 2, 9), message: "unknown field 'inptus'",
        expected: "one of envs, inputs, outputs", help: "did you mean 'inputs'?",
        notes: [.init(range: range(1, 1, 1, 7), message: "in this stage")])

    @Test("place, line, caret, note, expectation and help", arguments: [false, true])
    func whole(isColoured: Bool) throws {
        try expectRendering(
            [
                Self.unknownField,
                Diagnostic(.warning, code: "w", path: "p.yaml", message: "a word about the whole file"),
            ],
            of: "train:\n  inptus: {raw: ./data.csv}\n", as: isColoured ? "coloured.txt" : "plain.txt",
            style: isColoured ? .coloured : .plain)
    }

    @Test("carets stand under their letters: after tabs, wide letters, marks and emoji")
    func columns() throws {
        let text = "\tname: x\n日本: 語 x\ncafe\u{301}: x\n🚀 go: x\nascii: x\n"
        let columns = [8, 7, 8, 7, 8]
        try expectRendering(
            columns.enumerated().map { index, column in
                Diagnostic(
                    code: "c", path: "p.yaml", range: Self.range(index + 1, column, index + 1, column + 1), message: "x"
                )
            } + [
                Diagnostic(code: "wide", path: "p.yaml", range: Self.range(2, 1, 2, 3), message: "two wide letters")
            ], of: text, as: "columns.txt")
    }

    @Test("of several lines the first is shown to its end, and what lies outside the text is shown as near as can be")
    func edges() throws {
        let ranges = [
            Self.range(1, 4, 3, 2), Self.range(1, 9, 1, 9), Self.range(1, 5, 1, 2), Self.range(1, 90, 1, 99),
            Self.range(2, 1, 2, 1), Self.range(3, 1, 3, 99), Self.range(3, 0, 3, 3), Self.range(3, -5, 3, -9),
            Self.range(9, 1, 9, 2), Self.range(0, 0, 0, 0), Self.range(12_345, 1, 12_345, 2),
        ]
        try expectRendering(
            ranges.map {
                Diagnostic(code: "edge", path: "p.yaml", range: $0, message: "\($0.start)–\($0.end)".shortened)
            }
                + [
                    Diagnostic(code: "edge", path: "other.yaml", range: Self.range(1, 1, 1, 2), message: "no such text")
                ],
            of: "one: two\n\nthree", as: "edges.txt")
    }

    @Test("line numbers of any width keep the bar in its place")
    func wideNumbers() throws {
        let text = String(repeating: "x\n", count: 123_456)
        try expectRendering(
            [9, 99_999, 123_456].map {
                Diagnostic(code: "n", path: "p.yaml", range: Self.range($0, 1, $0, 2), message: "here")
            }, of: text, as: "numbers.txt")
    }

    @Test("in the order of the file, whatever the order they were found in")
    func order() throws {
        let found = [(3, 1), (1, 5), (1, 1), (2, 2)].map { line, column in
            Diagnostic(
                code: "o", path: "p.yaml", range: Self.range(line, column, line, column + 1),
                message: "\(line).\(column)")
        }
        let text = "abcdef\nabcdef\nabcdef"
        let renderer = DiagnosticRenderer(sources: [SourceFile(path: "p.yaml", text: text)])
        #expect(renderer.render(found) == renderer.render(found.reversed()))
        let places = renderer.render(found).split(separator: "\n").filter { $0.hasPrefix("p.yaml") }.map {
            $0.prefix(10)
        }
        #expect(places == ["p.yaml:1:1", "p.yaml:1:5", "p.yaml:2:2", "p.yaml:3:1"])
    }

    @Test("control characters of a file never reach the terminal")
    func controls() {
        let bad = "\u{1b}[31mred\u{7}\u{9b}31m\u{7f}"
        let diagnostic = Diagnostic(
            code: "c", path: "p.yaml", range: Self.range(1, 1, 1, 3), message: "bad \(bad)", expected: bad, help: bad,
            notes: [.init(range: Self.range(1, 1, 1, 2), message: bad)])
        let text = DiagnosticRenderer(sources: [SourceFile(path: "p.yaml", text: bad)]).render([diagnostic])
        #expect(!text.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
        #expect(text.contains("�[31mred"))
    }

    @Test("lines end as editors end them")
    func lineEnds() {
        let renderer = DiagnosticRenderer(sources: [SourceFile(path: "p.yaml", text: "a\r\nb\rc\nd")])
        for (line, letter) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
            let diagnostic = Diagnostic(code: "l", path: "p.yaml", range: Self.range(line, 1, line, 2), message: "m")
            #expect(renderer.render([diagnostic]).contains(" | \(letter)\n"))
        }
    }

    @Test("bold without a colour is bold, and nothing painted is nothing")
    func paint() {
        #expect(TextStyle.coloured.paint("x", .red) == "\u{1b}[31mx\u{1b}[0m")
        #expect(TextStyle.coloured.paint("x", .none, bold: true) == "\u{1b}[0;1mx\u{1b}[0m")
        #expect(TextStyle.coloured.paint("", .red) == "")
        #expect(TextStyle.plain.paint("x", .red, bold: true) == "x")
    }

    @Test(
        "columns of a terminal",
        arguments: [("abc", 3), ("日本", 4), ("e\u{301}", 1), ("🚀", 2), ("", 0), ("é→", 2), ("ｶ", 1)])
    func width(text: String, columns: Int) {
        #expect(displayWidth(of: text) == columns)
    }
}

extension String {
    /// `1:4–3:2` out of the positions' long descriptions.
    fileprivate var shortened: String {
        replacing("SourcePosition(line: ", with: "").replacing(", column: ", with: ":").replacing(")", with: "")
    }
}
