import SkyCore
import SkyYAML

/// One file being read: where it stands, what was given beside it, and the complaints so far.
final class Reading {
    let path: String
    /// The file's folder, absolute.
    let directory: String
    let overrides: [String: String]
    /// Where the command is typed, absolute; nil: nowhere.
    let workingDirectory: String?
    /// Whether what is not in the file's folder may be looked for there: SkyPilot's tasks mean it so.
    var mayLookInWorkingDirectory = false
    let files: any FileSystemView
    let accelerators: AcceleratorNames
    private(set) var complaints: [Diagnostic] = []
    private var made: Set<Diagnostic> = []
    /// Where values stand that have been complained about and mean nothing.
    private var broken: Set<SourceRange> = []

    init(
        path: String, directory: String, workingDirectory: String?, overrides: [String: String],
        files: any FileSystemView, accelerators: AcceleratorNames
    ) {
        self.path = path
        self.directory = directory
        self.workingDirectory = workingDirectory
        self.overrides = overrides
        self.files = files
        self.accelerators = accelerators
    }

    var hasErrors: Bool { complaints.contains { $0.severity == .error } }

    func error(
        _ code: String, at range: SourceRange?, _ message: String, expected: String? = nil, help: String? = nil,
        notes: [Diagnostic.Note] = []
    ) {
        add(
            Diagnostic(
                code: code, path: path, range: range, message: message, expected: expected, help: help, notes: notes))
    }

    func warning(_ code: String, at range: SourceRange?, _ message: String, help: String? = nil) {
        add(Diagnostic(.warning, code: code, path: path, range: range, message: message, help: help))
    }

    /// Aliased text is read once per alias; it is wrong only once.
    private func add(_ diagnostic: Diagnostic) {
        if made.insert(diagnostic).inserted { complaints.append(diagnostic) }
    }

    func add(_ diagnostics: [Diagnostic]) { diagnostics.forEach(add) }

    func markBroken(_ node: YAMLNode) { broken.insert(node.range) }

    func isBroken(_ node: YAMLNode) -> Bool { broken.contains(node.range) }

    /// The entries of a mapping whose values have the right shape; none of anything else.
    func entries(of node: YAMLNode) -> [YAMLNode.Entry] { (node.mapping ?? []).filter { !isBroken($0.value) } }

    /// The elements of a list that have the right shape, or a single value as a list of one.
    func elements(of node: YAMLNode) -> [YAMLNode] { (node.sequence ?? [node]).filter { !isBroken($0) } }

    /// `one of a, b, c`: as many as a person reads.
    func choice(of names: [String]) -> String {
        "one of " + names.prefix(30).joined(separator: ", ") + (names.count > 30 ? ", …" : "")
    }

    /// `did you mean 'x'?` for the nearest of `names`.
    func suggestion(for word: String, among names: some Sequence<String>) -> String? {
        nearestName(to: word, among: names).map { "did you mean '\($0)'?" }
    }
}

/// A value and the text it came from.
struct Located<Value> {
    var value: Value
    var range: SourceRange

    init(_ value: Value, _ range: SourceRange) {
        self.value = value
        self.range = range
    }
}

extension Located where Value == String {
    /// The stretch of the source that `part` of this text came from; the whole when escapes or line breaks make
    /// that uncertain.
    func range(of part: Substring) -> SourceRange {
        let length = value.unicodeScalars.count
        let quotes = range.end.column - range.start.column - length
        guard range.start.line == range.end.line, quotes == 0 || quotes == 2 else { return range }
        let before = value.unicodeScalars.distance(from: value.startIndex, to: part.startIndex)
        let start = range.start.column + quotes / 2 + before
        return SourceRange(
            start: SourcePosition(line: range.start.line, column: start),
            end: SourcePosition(line: range.start.line, column: start + part.unicodeScalars.count))
    }
}
