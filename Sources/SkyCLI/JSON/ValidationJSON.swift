import SkyCore

/// `sky validate --output json`
struct ValidationJSON: Encodable {
    let version = 1
    /// True when no file has an error; warnings do not count.
    let valid: Bool
    let files: [File]

    struct File: Encodable {
        let file: String
        let valid: Bool
        let diagnostics: [Complaint]
    }

    struct Complaint: Encodable {
        let severity: String
        let code: String
        @Nullable var line: Int?
        @Nullable var column: Int?
        @Nullable var endLine: Int?
        @Nullable var endColumn: Int?
        let message: String
        @Nullable var expected: String?
        @Nullable var help: String?
        let notes: [Note]
    }

    struct Note: Encodable {
        let line: Int
        let column: Int
        let message: String
    }

    /// The files in the order given, each with all that was said about it.
    init(_ files: [(file: String, diagnostics: [Diagnostic])]) {
        self.files = files.map { file, diagnostics in
            File(
                file: file, valid: !diagnostics.contains { $0.severity == .error },
                diagnostics: diagnostics.map(Complaint.init))
        }
        valid = self.files.allSatisfy(\.valid)
    }
}

extension ValidationJSON.Complaint {
    init(_ diagnostic: Diagnostic) {
        severity = diagnostic.severity.rawValue
        code = diagnostic.code
        line = diagnostic.range?.start.line
        column = diagnostic.range?.start.column
        endLine = diagnostic.range?.end.line
        endColumn = diagnostic.range?.end.column
        message = diagnostic.message
        expected = diagnostic.expected
        help = diagnostic.help
        notes = diagnostic.notes.map {
            ValidationJSON.Note(line: $0.range.start.line, column: $0.range.start.column, message: $0.message)
        }
    }
}
