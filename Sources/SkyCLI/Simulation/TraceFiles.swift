import FoundationEssentials
import SkyCore
import SkyPlacement

/// A trace and where it was found.
struct FoundTrace: Sendable {
    let path: String
    /// The folder it is in, by its last name.
    let folder: String
    /// Machines that the job needs at once.
    let nodes: Int
    let trace: SpotTrace
}

/// Files of the form `{"metadata": {"gap_seconds": 600}, "data": [1, 0, …]}`.
enum TraceFiles {
    private static let shape = #"expected {"metadata": {"gap_seconds": 600}, "data": [1, 0, …]}"#

    /// All JSON files at and below `paths`, sorted within each, every one once.
    static func find(_ paths: [String]) throws -> [String] {
        var found: [String] = []
        for path in paths {
            var isFolder = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw CommandFailure(
                    .wrongRequest, "no trace at \(path)", hints: ["a JSON file, or a folder with some"])
            }
            guard isFolder else {
                found.append(path)
                continue
            }
            let base = path.hasSuffix("/") ? path : path + "/"
            let inside = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
            let files = inside.filter { $0.hasSuffix(".json") }.sorted().map { base + $0 }
            guard !files.isEmpty else { throw CommandFailure("no JSON file in \(path) or below it") }
            found += files
        }
        var seen: Set<String> = []
        return found.filter { seen.insert($0).inserted }
    }

    static func read(_ path: String, nodes: Int?) throws -> FoundTrace {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(.wrongRequest, "cannot read \(path)")
        }
        let content: TraceContent
        do { content = try JSONDecoder().decode(TraceContent.self, from: bytes) } catch {
            throw refused(path, reason(error))
        }
        let gap = content.metadata.gapSeconds
        guard gap.isFinite, gap >= 0.001, gap <= 1e9 else {
            throw refused(path, "metadata.gap_seconds is \(gap): a time above zero is needed")
        }
        guard let most = content.data.max() else { throw refused(path, "data is empty") }
        if let index = content.data.firstIndex(where: { !($0 >= 0 && $0 <= 1e9) }) {
            throw refused(path, "data[\(index)] is \(content.data[index]): a number of machines is needed")
        }
        let needed = nodes ?? max(Int(most), 1)
        let parts = path.split(separator: "/")
        let file = parts.last.map(String.init) ?? path
        return FoundTrace(
            path: path, folder: parts.dropLast().last.map(String.init) ?? ".", nodes: needed,
            trace: SpotTrace(
                name: file.hasSuffix(".json") ? String(file.dropLast(5)) : file,
                tick: TimeSpan(milliseconds: Int64((gap * 1000).rounded())),
                isAvailable: content.data.map { $0 >= Double(needed) }))
    }

    private static func refused(_ path: String, _ reason: String) -> CommandFailure {
        CommandFailure(.wrongRequest, "\(path) is not a spot trace", details: [reason, shape])
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            context.codingPath.isEmpty
                ? "it is not a JSON object" : "\(place(context.codingPath)) is not of the kind that is needed"
        default: "it is not JSON"
        }
    }

    /// `metadata.gap_seconds`, `data[17]`
    private static func place(_ path: [any CodingKey]) -> String {
        path.reduce("") { text, key in
            if let index = key.intValue { return "\(text)[\(index)]" }
            return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
        }
    }
}

private struct TraceContent: Decodable {
    let metadata: Metadata
    let data: [Double]

    struct Metadata: Decodable {
        let gapSeconds: Double

        enum CodingKeys: String, CodingKey { case gapSeconds = "gap_seconds" }
    }
}
