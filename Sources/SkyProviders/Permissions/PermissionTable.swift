public import SkyCore
import SkyProcess

/// The rights that a provider's adapter needs, and what for, from `permissions.csv` in the provider's folder.
///
/// Lines are `right,use,resource,condition`: the provider's own word for the right; a `PermissionNeeds.Use`; what it may be limited to,
/// with `{region}` and `{bucket}` for those of the plan, and `self` for whoever has the right; and `tagged` where only what carries our
/// tags is touched, `tagging` where what is made must get them.
public struct PermissionTable: Hashable, Sendable {
    struct Row: Hashable, Sendable {
        var right: String
        var use: PermissionNeeds.Use
        var resource: String
        var condition: String
    }

    let provider: String
    let rows: [Row]

    /// - Parameter folder: of all providers' data.
    /// - Throws: every line that makes no sense, with its place. A provider without the file has an empty table.
    public static func read(_ provider: String, in folder: String) throws(DiagnosticsError) -> PermissionTable {
        let path = "\(folder)/\(provider)/permissions.csv"
        let bytes: [UInt8]?
        do { bytes = try Files.read(path) } catch {
            throw DiagnosticsError(
                [Diagnostic(code: "permissions.unreadable", path: path, message: "\(error)")], sources: [])
        }
        let source = SourceFile(path: path, text: String(decoding: bytes ?? [], as: UTF8.self))
        return try PermissionTable(provider, source)
    }

    private init(_ provider: String, _ source: SourceFile) throws(DiagnosticsError) {
        var (rows, diagnostics): ([Row], [Diagnostic]) = ([], [])
        for (index, line) in source.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.isEmpty, !line.hasPrefix("#"), line != "right,use,resource,condition" else { continue }
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 4, !fields[0].isEmpty, let use = PermissionNeeds.Use(rawValue: fields[1]),
                ["", "tagged", "tagging"].contains(fields[3])
            else {
                let start = SourcePosition(line: index + 1, column: 1)
                let end = SourcePosition(line: index + 1, column: line.count + 1)
                diagnostics.append(
                    Diagnostic(
                        code: "permissions.bad-row", path: source.path, range: SourceRange(start: start, end: end),
                        message: "not a right",
                        expected:
                            "right,use,resource,condition with a use of \(PermissionNeeds.Use.allCases.map(\.rawValue).joined(separator: ", "))"
                    ))
                continue
            }
            rows.append(Row(right: fields[0], use: use, resource: fields[2], condition: fields[3]))
        }
        guard diagnostics.isEmpty else { throw DiagnosticsError(diagnostics, sources: [source]) }
        self.provider = provider
        self.rows = rows
    }

    /// What the needs ask for, in the table's order, each right once for a resource.
    func rows(for needs: PermissionNeeds) -> [Row] {
        var seen: Set<Row> = []
        return rows.filter { needs.uses.contains($0.use) }.filter { row in
            var bare = row
            bare.use = .machines
            return seen.insert(bare).inserted
        }
    }
}
