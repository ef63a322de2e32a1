import SkyCore
import SkyYAML

/// `limits`: what the commands of a stage may use of a node.
enum LimitFields {
    static let section = Section<StageLimits>(
        name: "limits", phrase: "'limits'", summary: "What the commands of a stage may use of a node.",
        fields: [
            Field(
                "memory", .text(Amounts.size), "Memory of all its processes together; beyond it they are ended.",
                example: "8GB"
            ) { entry, draft, reading in
                draft.memory = readMemory(entry.value, reading)
            },
            Field("files", .wholeNumber, "Files that one process may have open at a time.", example: "65536") {
                entry, draft, reading in
                draft.files = readFiles(entry.value, reading)
            },
            Field(
                "log", .text(Amounts.size), "How much of what it prints is kept: the latest.", example: "100MB"
            ) { entry, draft, reading in
                draft.log = readLog(entry.value, reading)
            },
        ])

    /// Fewer would not let a shell and its programs start, more no kernel gives without being told to.
    private static let fileRange = 128...1_048_576
    private static let leastLog: Int64 = 1_000_000
    private static let leastMemory: Int64 = 16_000_000

    /// Nil when it says nothing.
    static func read(_ entry: YAMLNode.Entry, _ reading: Reading) -> StageLimits? {
        var limits = StageLimits()
        section.read(entry.value, into: &limits, at: entry.keyRange, reading)
        return limits == StageLimits() ? nil : limits
    }

    private static func readMemory(_ node: YAMLNode, _ reading: Reading) -> DataSize? {
        guard let size = Amounts.readSize(node, reading) else { return nil }
        if size.bytes >= leastMemory { return size }
        reading.error(
            "spec.impossible", at: node.range, "no command gets by with \(size) of memory", expected: "at least 16MB")
        return nil
    }

    private static func readLog(_ node: YAMLNode, _ reading: Reading) -> DataSize? {
        guard let size = Amounts.readSize(node, reading) else { return nil }
        if size.bytes >= leastLog { return size }
        reading.error(
            "spec.impossible", at: node.range, "\(size) of a log say nothing", expected: "at least 1MB")
        return nil
    }

    private static func readFiles(_ node: YAMLNode, _ reading: Reading) -> Int? {
        guard let count = node.scalar.flatMap({ Int($0) }) else { return nil }
        if fileRange.contains(count) { return count }
        reading.error(
            "spec.impossible", at: node.range, "\(count) cannot be the limit of open files",
            expected: "\(fileRange.lowerBound) to \(fileRange.upperBound)")
        return nil
    }

    /// The line of `limits` in a file; none when there is nothing to say.
    static func lines(_ limits: StageLimits?) -> [String] {
        guard let limits else { return [] }
        let fields = [
            limits.memory.map { "memory: \($0.exactText)" }, limits.files.map { "files: \($0)" },
            limits.log.map { "log: \($0.exactText)" },
        ].compactMap { $0 }
        return ["limits: {\(fields.joined(separator: ", "))}"]
    }
}
