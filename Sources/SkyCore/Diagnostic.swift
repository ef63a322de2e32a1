/// A place in a text: line and column count from 1, columns in characters (Unicode scalars, as editors show them).
public struct SourcePosition: Hashable, Comparable, Sendable, Codable {
    public let line: Int
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (a: SourcePosition, b: SourcePosition) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// A stretch of one file. `end` is exclusive; carets stop at the end of the first line.
public struct SourceRange: Hashable, Sendable, Codable {
    public let start: SourcePosition
    public let end: SourcePosition

    public init(start: SourcePosition, end: SourcePosition) {
        self.start = start
        self.end = end
    }
}

/// A text that people wrote, and the name they know it by.
public struct SourceFile: Sendable {
    /// As the person gave it, so that a terminal can open `path:line:column`.
    public let path: String
    public let text: String

    public init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}

/// One complaint about a file: what, where, what was expected, and what to do.
public struct Diagnostic: Hashable, Sendable, Codable {
    public enum Severity: String, Sendable, Codable { case error, warning }

    /// A second place that explains the first: `first given here`.
    public struct Note: Hashable, Sendable, Codable {
        public let range: SourceRange
        public let message: String

        public init(range: SourceRange, message: String) {
            self.range = range
            self.message = message
        }
    }

    public var severity: Severity
    /// Stable and searchable: `spec.unknown-field`, `yaml.duplicate-key`.
    public var code: String
    public var path: String
    /// Nil when the complaint is about the file as a whole.
    public var range: SourceRange?
    /// What is wrong, in one sentence without a full stop.
    public var message: String
    /// What would have been right: `expected a size such as 40GB`.
    public var expected: String?
    /// What to do: `did you mean 'preprocess'?`
    public var help: String?
    public var notes: [Note]

    public init(
        _ severity: Severity = .error, code: String, path: String, range: SourceRange? = nil, message: String,
        expected: String? = nil, help: String? = nil, notes: [Note] = []
    ) {
        self.severity = severity
        self.code = code
        self.path = path
        self.range = range
        self.message = message
        self.expected = expected
        self.help = help
        self.notes = notes
    }
}

/// Every complaint about a request, thrown together so that a person can mend them all at once.
public struct DiagnosticsError: Error, Sendable {
    public let diagnostics: [Diagnostic]
    /// The texts that the complaints point into, for showing the lines.
    public let sources: [SourceFile]

    public init(_ diagnostics: [Diagnostic], sources: [SourceFile]) {
        self.diagnostics = diagnostics
        self.sources = sources
    }
}
