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
        let heading =
            "\(place(diagnostic.path, diagnostic.range)) \(label) \(style.paint(diagnostic.message, .none, bold: true))"
        var text = "\(heading) \(style.paint("[\(diagnostic.code)]", .dim))\n"
        if let range = diagnostic.range { text += excerpt(diagnostic.path, range, tint) }
        for note in diagnostic.notes {
            text += "\(place(diagnostic.path, note.range)) note: \(note.message)\n"
            text += excerpt(diagnostic.path, note.range, .blue)
        }
        if let expected = diagnostic.expected { text += "\(margin)\(style.paint("=", .dim)) expected: \(expected)\n" }
        if let help = diagnostic.help {
            text += "\(margin)\(style.paint("=", .dim)) \(style.paint("help:", .green)) \(help)\n"
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
        let line = all[range.start.line - 1]
        let width = line.unicodeScalars.count
        let column = min(range.start.column, width + 1)
        let end = range.end.line == range.start.line ? range.end.column : width + 1
        let length = max(1, min(end, width + 1) - column)
        let shown = line.unicodeScalars.map { $0 == "\t" ? "→" : String($0) }.joined()
        let number = String(range.start.line)
        let gutter = String(repeating: " ", count: max(0, 5 - number.count)) + number
        let caret = String(repeating: " ", count: column - 1) + "^" + String(repeating: "~", count: length - 1)
        return """
            \(style.paint("\(gutter) |", .dim)) \(shown)
            \(style.paint("      |", .dim)) \(style.paint(caret, tint, bold: true))

            """
    }
}
