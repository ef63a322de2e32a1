import GRDB
public import SkyCore

/// What a person asks of a running run, left in the journal for whoever drives it.
public enum RunRequest: Hashable, Sendable {
    case stop(StopReason)
    /// Stand still until it is started again; the number counts these of the run.
    case halt(number: Int)
    /// Go on after the halt of this number.
    case start(afterHalt: Int)
    /// The answer to a question that the run has asked and waits for.
    case answer(question: String, isApproved: Bool)
}

/// A request with its place in the order in which they came.
public struct PostedRequest: Hashable, Sendable {
    /// Grows with each request of any run.
    public let number: Int64
    public let run: RunID
    public let request: RunRequest
}

extension Journal {
    /// Asks whoever drives the run to do something. Asking twice is asking once; of two answers to one question the
    /// first counts.
    ///
    /// - Returns: false when it had been asked, or the question answered, before.
    @discardableResult
    public func request(_ request: RunRequest, of run: RunID) throws(JournalError) -> Bool {
        let (kind, subject, note) = request.columns
        return try write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO request (run, kind, subject, note) VALUES (?, ?, ?, ?)",
                arguments: [run.text, kind, subject, note])
            return db.changesCount > 0
        }
    }

    /// Asks whoever drives the run to stop it. Asking twice is asking once.
    public func request(_ reason: StopReason, of run: RunID) throws(JournalError) {
        try request(.stop(reason), of: run)
    }

    /// Asks whoever drives the run to stand still. Asking again before it was started again is asking once.
    public func requestHalt(of run: RunID) throws(JournalError) {
        let (halts, starts) = try halts(of: run)
        if halts == starts { try request(.halt(number: halts + 1), of: run) }
    }

    /// Asks whoever drives the run to go on, if it was asked to stand still.
    ///
    /// - Returns: false when it was not.
    public func requestStart(of run: RunID) throws(JournalError) -> Bool {
        let (halts, starts) = try halts(of: run)
        if halts > starts { try request(.start(afterHalt: halts), of: run) }
        return halts > starts
    }

    private func halts(of run: RunID) throws(JournalError) -> (halts: Int, starts: Int) {
        let requests = try requests(of: run)
        return (
            requests.count { if case .halt = $0 { true } else { false } },
            requests.count { if case .start = $0 { true } else { false } }
        )
    }

    /// The run stands still, and nobody has asked anything else of it: it needs no driver.
    public func isAtRest(_ run: RunID) throws(JournalError) -> Bool {
        try read { db in
            let sql = "SELECT 1 FROM run WHERE id = ? AND ended = 0 AND \(RunRequest.leavesAtRest)"
            return try Int.fetchOne(db, sql: sql, arguments: [run.text]) != nil
        }
    }

    /// All that was asked of a run, in order.
    public func requests(of run: RunID) throws(JournalError) -> [RunRequest] {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT id, run, kind, subject, note FROM request WHERE run = ? ORDER BY id")
            return try Row.fetchAll(statement, arguments: [run.text]).compactMap { PostedRequest($0)?.request }
        }
    }

    /// What was asked of any run after the request of this number, in order: one question for all the runs that a
    /// process drives. Begin with 0.
    public func requests(after number: Int64) throws(JournalError) -> [PostedRequest] {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT id, run, kind, subject, note FROM request WHERE id > ? ORDER BY id")
            return try Row.fetchAll(statement, arguments: [number]).compactMap(PostedRequest.init)
        }
    }
}

extension RunRequest {
    fileprivate static let answerKind = "answer"
    fileprivate static let haltKind = "halt"
    fileprivate static let startKind = "start"

    fileprivate var columns: (kind: String, subject: String, note: String?) {
        switch self {
        case .stop(let reason): (reason.rawValue, "", nil)
        case .halt(let number): (Self.haltKind, String(number), nil)
        case .start(let number): (Self.startKind, String(number), nil)
        case .answer(let question, let isApproved): (Self.answerKind, question, isApproved ? "approve" : "deny")
        }
    }

    /// Nil for what this version does not know.
    fileprivate init?(kind: String, subject: String, note: String?) {
        if let reason = StopReason(rawValue: kind) {
            self = .stop(reason)
        } else if kind == Self.haltKind, let number = Int(subject) {
            self = .halt(number: number)
        } else if kind == Self.startKind, let number = Int(subject) {
            self = .start(afterHalt: number)
        } else if kind == Self.answerKind, note == "approve" || note == "deny" {
            self = .answer(question: subject, isApproved: note == "approve")
        } else {
            return nil
        }
    }
}

extension RunRequest {
    /// Of a line of `run`: it stands still, and there is one request to do so more than there are to do something else.
    static let leavesAtRest = """
        status = 'stopped' AND (SELECT sum(CASE kind WHEN '\(haltKind)' THEN 1 WHEN '\(answerKind)' THEN 0 ELSE -1 END) \
        FROM request WHERE request.run = run.id) > 0
        """
}

extension PostedRequest {
    fileprivate init?(_ row: Row) {
        guard let run = RunID(row[1] as String), let request = RunRequest(kind: row[2], subject: row[3], note: row[4])
        else { return nil }
        self.init(number: row[0], run: run, request: request)
    }
}
