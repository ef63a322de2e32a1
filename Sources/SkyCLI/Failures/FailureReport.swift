import SkyCore

/// An error as it is shown: all complaints about files with their lines and carets, anything else in a few lines.
struct FailureReport {
    let status: ExitStatus
    private let body: (TextStyle) -> String

    init(_ error: any Error) {
        if let problems = error as? DiagnosticsError {
            status = .wrongRequest
            body = { Complaints(problems).text(style: $0) }
        } else {
            let failure = CommandFailure(error)
            status = failure.status
            body = { style in failure.lines.map { $0.painted(style) + "\n" }.joined() }
        }
    }

    func show(on output: any TextOutput) throws(OutputClosed) { try output.write(body(output.terminal.style)) }
}

/// What is wrong with files, and how much of it there is.
struct Complaints {
    let diagnostics: [Diagnostic]
    let sources: [SourceFile]

    init(_ diagnostics: [Diagnostic], sources: [SourceFile]) {
        self.diagnostics = diagnostics
        self.sources = sources
    }

    init(_ error: DiagnosticsError) { self.init(error.diagnostics, sources: error.sources) }

    /// Empty when there is nothing to complain about.
    func text(style: TextStyle) -> String {
        guard !diagnostics.isEmpty else { return "" }
        return DiagnosticRenderer(sources: sources, style: style).render(diagnostics) + "\n"
            + summary.painted(style) + "\n"
    }

    private var summary: StyledText {
        let errors = diagnostics.count { $0.severity == .error }
        let warnings = diagnostics.count - errors
        var counts: [String] = []
        if errors > 0 { counts.append(Figures.count(errors, "error")) }
        if warnings > 0 { counts.append(Figures.count(warnings, "warning")) }
        let text = counts.joined(separator: " and ")
        return errors > 0 ? "\(text, .red, bold: true); nothing was started" : "\(text, .yellow)"
    }
}
