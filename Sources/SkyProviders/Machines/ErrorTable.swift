public import SkyCore
import SkyProcess

/// A provider's error codes and what each of them means, from `errors.csv` in the provider's folder.
///
/// Lines are `code,kind,advice`: the provider's own word for the error, which may end with `*`; one of `ProviderError.Kind`, or `throttled`
/// for passing trouble that means to go slower; what a person can do, or nothing.
public struct ErrorTable: Hashable, Sendable {
    public struct Row: Hashable, Sendable {
        public var code: String
        public var kind: ProviderError.Kind
        /// The provider means that it is asked too often.
        public var isThrottling: Bool
        public var advice: String?
    }

    public let provider: String
    public let rows: [Row]
    private let byCode: [String: Row]
    /// Longest first: the nearest fit is meant.
    private let byPrefix: [Row]

    public init(provider: String, rows: [Row] = []) {
        self.provider = provider
        self.rows = rows
        byCode = Dictionary(rows.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })
        byPrefix = rows.filter { $0.code.hasSuffix("*") }.sorted { $0.code.count > $1.code.count }
    }

    /// - Parameter folder: of all providers' data.
    /// - Throws: every line that makes no sense, with its place. A provider without the file has an empty table.
    public static func read(_ provider: String, in folder: String) throws(DiagnosticsError) -> ErrorTable {
        let path = "\(folder)/\(provider)/errors.csv"
        let bytes: [UInt8]?
        do { bytes = try Files.read(path) } catch {
            throw DiagnosticsError(
                [Diagnostic(code: "errors.unreadable", path: path, message: "\(error)")], sources: [])
        }
        guard let bytes else { return ErrorTable(provider: provider) }
        var reader = ErrorTableReader(source: SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self)))
        let rows = reader.rows()
        guard reader.diagnostics.isEmpty else { throw DiagnosticsError(reader.diagnostics, sources: [reader.source]) }
        return ErrorTable(provider: provider, rows: rows)
    }

    public func row(for code: String) -> Row? {
        byCode[code] ?? byPrefix.first { code.hasPrefix($0.code.dropLast()) }
    }

    /// What the broker is told of an error.
    ///
    /// A code that nobody knows passes at first: the broker asks again, and shows the whole message when it does not.
    ///
    /// - Parameters:
    ///   - codes: the provider's words for it, the most exact first.
    ///   - status: of the HTTP answer; decides where no code is known.
    ///   - message: all that the provider has said, with what was asked for and the request's id. No secrets.
    public func error(_ codes: [String], status: Int? = nil, _ message: String) -> ProviderError {
        guard let row = codes.lazy.compactMap(row(for:)).first else {
            return ProviderError(Self.kind(ofStatus: status), provider: provider, message)
        }
        return ProviderError(row.kind, provider: provider, message + (row.advice.map { ". \($0)" } ?? ""))
    }

    private static func kind(ofStatus status: Int?) -> ProviderError.Kind {
        switch status {
        case 401, 403: .credentials
        default: .transient
        }
    }
}

/// Reads `errors.csv`.
private struct ErrorTableReader {
    let source: SourceFile
    var diagnostics: [Diagnostic] = []

    init(source: SourceFile) { self.source = source }

    private static let throttled = "throttled"
    private static let kinds = ProviderError.Kind.allCases.map(\.rawValue) + [throttled]

    mutating func rows() -> [ErrorTable.Row] {
        var rows: [ErrorTable.Row] = []
        var seen: Set<String> = []
        let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            guard index > 0 || line != "code,kind,advice" else { continue }
            // Only the advice may have commas: it is the last.
            let fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard fields.count >= 2, !fields[0].isEmpty else {
                complain(index, line, "no code and kind", expected: "code,kind,advice")
                continue
            }
            guard Self.kinds.contains(fields[1]) else {
                let near = nearestName(to: fields[1], among: Self.kinds).map { "did you mean '\($0)'?" }
                complain(
                    index, line, "unknown kind '\(fields[1])'",
                    expected: "one of \(Self.kinds.joined(separator: ", "))", help: near)
                continue
            }
            guard seen.insert(fields[0]).inserted else {
                complain(index, line, "code '\(fields[0])' is in the table already")
                continue
            }
            let advice = fields.count == 3 && !fields[2].isEmpty ? fields[2] : nil
            rows.append(
                ErrorTable.Row(
                    code: fields[0], kind: ProviderError.Kind(rawValue: fields[1]) ?? .transient,
                    isThrottling: fields[1] == Self.throttled, advice: advice))
        }
        return rows
    }

    private mutating func complain(
        _ index: Int, _ line: Substring, _ message: String, expected: String? = nil, help: String? = nil
    ) {
        let range = SourceRange(
            start: SourcePosition(line: index + 1, column: 1),
            end: SourcePosition(line: index + 1, column: max(2, line.count + 1)))
        diagnostics.append(
            Diagnostic(
                code: "errors.bad-row", path: source.path, range: range, message: message, expected: expected,
                help: help))
    }
}
