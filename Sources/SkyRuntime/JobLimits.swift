public import SkyCore

/// What a job may take and use. What is nil has no limit but the node's own.
public struct JobLimits: Hashable, Sendable, Codable {
    /// From the beginning of its first command on; more than zero. Then it is asked to end, and ten seconds later made to.
    public var time: TimeSpan?
    /// Of all its processes together. A job that has more is ended at once.
    public var memory: DataSize?
    /// That one process may have open at a time; at least 128.
    public var files: Int?
    /// How much of what it prints is kept on the node: the latest. Nil: 1 GiB.
    public var log: DataSize?

    public init(time: TimeSpan? = nil, memory: DataSize? = nil, files: Int? = nil, log: DataSize? = nil) {
        self.time = time
        self.memory = memory
        self.files = files
        self.log = log
    }
}

/// A limit that a job is ended for.
public enum JobLimit: String, Hashable, Sendable, Codable {
    case time, memory
}

/// How a job has ended.
public struct JobEnd: Hashable, Sendable {
    /// As in `JobState.exited`.
    public var code: Int
    public var exceeded: JobLimit?

    public init(code: Int, exceeded: JobLimit? = nil) {
        self.code = code
        self.exceeded = exceeded
    }
}

extension JobEnd {
    /// The job's end as `JobFolder` keeps it: `7`, `143 time`.
    init?(_ text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard (1...2).contains(words.count), let code = Int(words[0]) else { return nil }
        self.code = code
        if words.count == 2 {
            guard let limit = JobLimit(rawValue: String(words[1])) else { return nil }
            exceeded = limit
        }
    }

    var text: String { ([String(code)] + (exceeded.map { [$0.rawValue] } ?? [])).joined(separator: " ") }

    var state: JobState { .exited(code: code, exceeded: exceeded) }
}
