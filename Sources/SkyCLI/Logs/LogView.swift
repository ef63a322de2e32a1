import SkyBroker
import SkyCore
import SkyRuntime

/// What one rank of one try at a stage prints, into one file.
struct LogSource: Hashable, Sendable {
    let stage: String
    let attempt: Int
    let rank: Int
    let path: String

    /// `train`, `train#2` for its second try, `train#2[1]` for that try's node of rank 1.
    var label: String {
        stage + (attempt > 1 ? "#\(attempt)" : "") + (rank > 0 ? "[\(rank)]" : "")
    }
}

/// Copies logs to a stream as they grow: as they are when there is one source, with the source's name before each
/// line when there are several.
struct LogView {
    private let output: any TextOutput
    /// Decided once: a screen does not change its form while somebody reads it.
    private let isLabelled: Bool
    /// Nil for both.
    private let stream: LogStream?
    private var files: [(source: LogSource, file: GrowingFile)] = []
    private static let tints: [TextStyle.Tint] = [.cyan, .green, .yellow, .blue, .red]

    init(output: any TextOutput, isLabelled: Bool, stream: LogStream? = nil) {
        self.stream = stream
        self.output = output
        self.isLabelled = isLabelled
    }

    /// Writes what is new in `sources`; with `isLast`, also lines that were never ended.
    mutating func show(_ sources: [LogSource], isLast: Bool) throws(OutputClosed) {
        for source in sources where !files.contains(where: { $0.source == source }) {
            let filter = stream.map { StreamFilter($0, marksPath: StateFolder.marks(ofLog: source.path)) }
            files.append((source, GrowingFile(path: source.path, filter: filter)))
        }
        let labels = files.map { displayWidth(of: $0.source.label) }.max() ?? 0
        for index in files.indices {
            if isLabelled {
                try showLines(of: index, labelWidth: labels, isLast: isLast)
            } else {
                while case let bytes = files[index].file.newBytes(), !bytes.isEmpty { try output.write(bytes) }
            }
        }
    }

    private mutating func showLines(of index: Int, labelWidth: Int, isLast: Bool) throws(OutputClosed) {
        let lines = files[index].file.newLines(isLast: isLast)
        guard !lines.isEmpty else { return }
        let stages = files.map(\.source.stage)
        let place = stages.firstIndex(of: stages[index]) ?? 0
        let tint = Self.tints[Set(stages[..<place]).count % Self.tints.count]
        let label = StyledText(files[index].source.label, tint).padded(to: labelWidth) + StyledText(" │ ", .dim)
        let prefix = Array(label.painted(output.terminal.style).utf8)
        try output.write(lines.flatMap { prefix + $0 + [UInt8(ascii: "\n")] })
    }
}
