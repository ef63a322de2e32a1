import GRDB
public import SkyCore

/// What a person asks of a running run, left in the journal for whoever drives it.
public enum RunRequest: Hashable, Sendable {
    case stop(StopReason)
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
    private static let answerKind = "answer"

    fileprivate var columns: (kind: String, subject: String, note: String?) {
        switch self {
        case .stop(let reason): (reason.rawValue, "", nil)
        case .answer(let question, let isApproved): (Self.answerKind, question, isApproved ? "approve" : "deny")
        }
    }

    /// Nil for what this version does not know.
    fileprivate init?(kind: String, subject: String, note: String?) {
        if let reason = StopReason(rawValue: kind) {
            self = .stop(reason)
        } else if kind == Self.answerKind, note == "approve" || note == "deny" {
            self = .answer(question: subject, isApproved: note == "approve")
        } else {
            return nil
        }
    }
}

extension PostedRequest {
    fileprivate init?(_ row: Row) {
        guard let run = RunID(row[1] as String), let request = RunRequest(kind: row[2], subject: row[3], note: row[4])
        else { return nil }
        self.init(number: row[0], run: run, request: request)
    }
}
