import SkyCore
import SkyYAML

/// `checkpoint`: a time, a path, or both.
enum CheckpointFields {
    private static let either = TextForm("a duration such as 10m, or a path such as ckpt")
    static let shape = Shape.anyOf([.text(either), .section("checkpoint")])

    static let section = Section<StageDraft>(
        name: "checkpoint", phrase: "'checkpoint'", summary: "How a stage saves what it has done.",
        fields: [
            Field("every", .text(Amounts.duration), "How often it saves.", example: "10m") { entry, draft, reading in
                draft.checkpointInterval = Amounts.readDuration(entry.value, reading)
            },
            Field(
                "path", .plainText, "Where on the node it saves; relative paths are inside the working directory.",
                example: "ckpt"
            ) { entry, draft, reading in
                draft.checkpointPath = readPath(entry.value, reading)
            },
        ])

    static func read(_ entry: YAMLNode.Entry, into draft: inout StageDraft, _ reading: Reading) {
        guard let text = entry.value.scalar else {
            section.read(entry.value, into: &draft, at: entry.keyRange, reading)
            return
        }
        // What begins like a number is meant as a time, and complained about as one.
        if text.first?.isNumber ?? false {
            draft.checkpointInterval = Amounts.readDuration(entry.value, reading)
        } else {
            draft.checkpointPath = readPath(entry.value, reading)
        }
    }

    private static func readPath(_ node: YAMLNode, _ reading: Reading) -> String? {
        let path = node.scalar ?? ""
        let parts = path.split(separator: "/")
        if !path.isEmpty, !parts.contains(".."), !parts.allSatisfy({ $0 == "." }), !path.contains("://") { return path }
        reading.error(
            "spec.bad-path", at: node.range, "'\(path)' cannot be a path on the node",
            expected: "a path such as ckpt or /ckpt, without '..'")
        return nil
    }

    /// The line of `checkpoint` in a file; none when the stage saves nothing.
    static func lines(_ stage: Stage) -> [String] {
        let path = stage.checkpointPath.map { "path: \(YAMLText.inline($0))" }
        switch (path, stage.checkpointInterval) {
        case (nil, nil): return []
        case (nil, let interval?): return ["checkpoint: \(interval.exactText)"]
        case (let path?, let interval):
            let every = interval.map { ", every: \($0.exactText)" } ?? ""
            return ["checkpoint: {\(path)\(every)}"]
        }
    }
}
