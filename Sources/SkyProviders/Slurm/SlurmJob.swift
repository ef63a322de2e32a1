import SkyCore

/// A job as `scontrol show job --oneliner` tells of it, with moments in seconds since 1970.
struct SlurmJob: Hashable, Sendable {
    var id: Int
    var state: SlurmState
    /// Why it waits, or ended; nil for nothing to be said.
    var reason: String?
    var startTime: Instant?
    var endTime: Instant?
    var timeLimit: TimeSpan?
    /// When it was chosen to be preempted; it may have some time left.
    var preemptTime: Instant?

    init(id: Int, state: SlurmState, reason: String? = nil) {
        self.id = id
        self.state = state
        self.reason = reason
    }

    init?(line: String) {
        /// Values with blanks in them are none of these.
        func value(_ key: String) -> String? {
            guard let range = " \(line)".firstRange(of: " \(key)=") else { return nil }
            let value = String(" \(line)"[range.upperBound...].prefix { $0 != " " })
            return ["", "(null)", "None", "N/A", "Unknown"].contains(value) ? nil : value
        }
        func moment(_ key: String) -> Instant? {
            value(key).flatMap { Int64($0) }.map { Instant(millisecondsSince1970: $0 * 1000) }
        }
        guard let id = value("JobId").flatMap({ Int($0) }), let name = value("JobState") else { return nil }
        self.init(id: id, state: SlurmState(name), reason: value("Reason"))
        startTime = moment("StartTime")
        endTime = moment("EndTime")
        preemptTime = moment("PreemptTime")
        timeLimit = value("TimeLimit").flatMap(SlurmTime.span)
    }

    /// `State|End` of `sacct`, of a job that nobody else knows any more: `CANCELLED by 0|1795903963`.
    init?(id: Int, accounts line: String) {
        let parts = line.split(separator: "|", omittingEmptySubsequences: false)
        guard let name = parts.first?.split(separator: " ").first else { return nil }
        self.init(id: id, state: SlurmState(String(name)))
        if parts.count > 1, let end = Int64(parts[1]) { endTime = Instant(millisecondsSince1970: end * 1000) }
    }

    private static func timeoutWords(_ id: Int, _ limit: TimeSpan?) -> String {
        "job \(id) has reached its time limit\(limit.map { " of \($0)" } ?? "") (TIMEOUT)"
    }

    /// How it lost its nodes, for people.
    var lossReason: String {
        switch state {
        // One that ends by itself when it is told to is no victim to Slurm, which calls it COMPLETED.
        case .ended where preemptTime != nil, .ending where preemptTime != nil: "job \(id) was preempted"
        case .timeout: Self.timeoutWords(id, timeLimit)
        case .preempted: "job \(id) was preempted (PREEMPTED)"
        case .ended("NODE_FAIL"): "a node of job \(id) has failed (NODE_FAIL)"
        case .ended(let name):
            "job \(id) has ended (\(name)\(reason.map { ": \($0)" } ?? ""))"
        case .ending where reason == "TimeLimit": Self.timeoutWords(id, timeLimit)
        case .pending, .starting, .running, .ending: "job \(id) is \(state)"
        }
    }
}

/// What a job's state means here.
enum SlurmState: Hashable, Sendable {
    /// In the queue: it waits for its nodes, or was put there again.
    case pending
    /// It has its nodes, which are being made ready.
    case starting
    case running
    /// What ran on its nodes is being ended.
    case ending
    case timeout
    case preempted
    /// Ended some other way: `FAILED`, `NODE_FAIL`, `CANCELLED`, `OUT_OF_MEMORY`, …
    case ended(String)

    init(_ name: String) {
        switch name {
        case "PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD": self = .pending
        case "CONFIGURING": self = .starting
        case "RUNNING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING": self = .running
        case "COMPLETING", "STAGE_OUT": self = .ending
        case "TIMEOUT", "DEADLINE": self = .timeout
        case "PREEMPTED": self = .preempted
        default: self = .ended(name)
        }
    }

    /// It has its nodes, or may still get them.
    var isAlive: Bool { [.pending, .starting, .running].contains(self) }
}
