import SkyCore

/// Collects what is wrong with one comma-separated file, with line and column of every field complained about.
struct CSVComplaints {
    /// More would hide the first: the rest is counted only.
    static let limit = 50

    let path: String
    let bytes: [UInt8]
    private(set) var diagnostics: [Diagnostic] = []
    private var omitted = 0

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    mutating func add(
        _ code: String, at range: Range<Int>?, _ message: String, expected: String? = nil, help: String? = nil
    ) {
        guard diagnostics.count < Self.limit else {
            omitted += 1
            return
        }
        diagnostics.append(
            Diagnostic(
                code: "catalog.\(code)", path: path, range: range.map(sourceRange), message: message,
                expected: expected, help: help))
    }

    /// Everything, with a last line that counts what was left out.
    var all: [Diagnostic] {
        guard omitted > 0 else { return diagnostics }
        return diagnostics + [
            Diagnostic(code: "catalog.more-problems", path: path, message: "\(omitted) more problems in this file")
        ]
    }

    /// An empty field is shown one column wide.
    private func sourceRange(_ range: Range<Int>) -> SourceRange {
        let lineStart = bytes[..<range.lowerBound].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = bytes[..<lineStart].count { $0 == UInt8(ascii: "\n") } + 1
        let column = String(decoding: bytes[lineStart..<range.lowerBound], as: UTF8.self).unicodeScalars.count + 1
        let width = String(decoding: bytes[range], as: UTF8.self).unicodeScalars.count
        return SourceRange(
            start: SourcePosition(line: line, column: column),
            end: SourcePosition(line: line, column: column + max(width, 1)))
    }
}
