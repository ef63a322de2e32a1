/// Turns diagnostics into what a person reads: the place, the line itself, a caret under the word, and the way out.
///
///     pipeline.yaml:12:5: error: unknown field 'inptus' [spec.unknown-field]
///        12 |     inptus: {raw: ./data.csv}
///           |     ^~~~~~
///           = expected: one of envs, estimate, inputs, …
///           = help: did you mean 'inputs'?
public struct DiagnosticRenderer: Sendable {
    private let lines: [String: [Substring]]
    private let style: TextStyle

    public init(sources: [SourceFile], style: TextStyle = .plain) {
        self.style = style
        lines = Dictionary(
            sources.map { ($0.path, $0.text.split(omittingEmptySubsequences: false) { $0.isNewline }) },
            uniquingKeysWith: { first, _ in first })
    }

    public func render(_ diagnostics: [Diagnostic]) -> String {
        let sorted = diagnostics.sorted { a, b in
            let (x, y) = (a.range?.start, b.range?.start)
            if a.path != b.path { return a.path < b.path }
            guard let x, let y else { return x == nil && y != nil }
            return x != y ? x < y : a.code < b.code
        }
        return sorted.map(render).joined(separator: "\n")
    }

    private func render(_ diagnostic: Diagnostic) -> String {
        let tint: TextStyle.Tint = diagnostic.severity == .error ? .red : .yellow
        let label = style.paint("\(diagnostic.severity.rawValue):", tint, bold: true)
        let message = style.paint(harmless(diagnostic.message), .none, bold: true)
        let heading = "\(place(diagnostic.path, diagnostic.range)) \(label) \(message)"
        var text = "\(heading) \(style.paint("[\(diagnostic.code)]", .dim))\n"
        if let range = diagnostic.range { text += excerpt(diagnostic.path, range, tint) }
        for note in diagnostic.notes {
            text += "\(place(diagnostic.path, note.range)) note: \(harmless(note.message))\n"
            text += excerpt(diagnostic.path, note.range, .blue)
        }
        if let expected = diagnostic.expected {
            text += "\(margin)\(style.paint("=", .dim)) expected: \(harmless(expected))\n"
        }
        if let help = diagnostic.help {
            text += "\(margin)\(style.paint("=", .dim)) \(style.paint("help:", .green)) \(harmless(help))\n"
        }
        return text
    }

    private let margin = "        "

    private func place(_ path: String, _ range: SourceRange?) -> String {
        guard let start = range?.start else { return "\(path):" }
        return "\(path):\(start.line):\(start.column):"
    }

    private func excerpt(_ path: String, _ range: SourceRange, _ tint: TextStyle.Tint) -> String {
        guard let all = lines[path], range.start.line >= 1, range.start.line <= all.count else { return "" }
        let line = Array(all[range.start.line - 1].unicodeScalars)
        let start = min(max(range.start.column, 1), line.count + 1) - 1
        let end = range.end.line == range.start.line ? min(range.end.column - 1, line.count) : line.count
        let before = line[..<start].reduce(0) { $0 + displayWidth(of: $1) }
        let under = line[start..<max(start, end)].reduce(0) { $0 + displayWidth(of: $1) }
        let shown = line.map { $0 == "\t" ? "→" : $0.isControl ? "�" : String($0) }.joined()
        let number = String(range.start.line)
        let gutter = String(repeating: " ", count: max(0, 5 - number.count)) + number
        let blank = String(repeating: " ", count: gutter.count)
        let caret = String(repeating: " ", count: before) + "^" + String(repeating: "~", count: max(1, under) - 1)
        return """
            \(style.paint("\(gutter) |", .dim)) \(shown)
            \(style.paint("\(blank) |", .dim)) \(style.paint(caret, tint, bold: true))

            """
    }

    /// Complaints quote what stands in files; control characters of theirs stay out of the terminal.
    private func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.isControl && $0 != "\n" }) else { return text }
        return text.unicodeScalars.map { $0.isControl && $0 != "\n" ? "�" : String($0) }.joined()
    }
}
