import GRDB
public import SkyCore

/// A run in a list.
public struct ListedRun: Hashable, Sendable {
    public let run: RunID
    /// Nil when only its events can tell.
    public let summary: RunSummary?
}

extension Journal {
    /// All runs, latest first.
    public func runs() throws(JournalError) -> [RunID] {
        try read { db in
            try String.fetchAll(db, sql: "SELECT id FROM run ORDER BY launched_at DESC, id").compactMap(RunID.init)
        }
    }

    /// Runs that have not come to their end.
    public func unfinishedRuns() throws(JournalError) -> [RunID] {
        try read { db in
            try String.fetchAll(db, sql: "SELECT id FROM run WHERE ended = 0 ORDER BY launched_at").compactMap(
                RunID.init)
        }
    }

    /// Those of them that should have a driver: all but those that stand still until somebody starts them again.
    public func runsToDrive() throws(JournalError) -> [RunID] {
        try read { db in
            let sql = """
                SELECT id FROM run WHERE ended = 0 AND NOT coalesce(\(RunRequest.leavesAtRest), 0) ORDER BY launched_at
                """
            return try String.fetchAll(db, sql: sql).compactMap(RunID.init)
        }
    }

    /// The same in the order of launch, those behind the run of this number: begin with 0.
    func runsToDrive(after number: Int64) throws(JournalError) -> [(number: Int64, run: RunID)] {
        try read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT number, id FROM run WHERE ended = 0 AND number > ? \
                    AND NOT coalesce(\(RunRequest.leavesAtRest), 0) ORDER BY number
                    """)
            return try Row.fetchAll(statement, arguments: [number]).compactMap { row in
                RunID(row[1] as String).map { (row[0], $0) }
            }
        }
    }

    /// False for a run that has ended, or is not known.
    public func isUnfinished(_ run: RunID) throws(JournalError) -> Bool {
        try read { db in
            try Int.fetchOne(db, sql: "SELECT 1 FROM run WHERE id = ? AND ended = 0", arguments: [run.text]) != nil
        }
    }

    /// All runs, latest first, without reading their events: 10,000 take some tens of milliseconds.
    ///
    /// - Parameter withStages: reads also how the stages of ended runs ended.
    public func list(withStages: Bool = false) throws(JournalError) -> [ListedRun] {
        try read { db in
            var stages: [Int64: [RunSummary.EndedStage]] = [:]
            if withStages {
                let rows = try Row.fetchCursor(db, sql: "SELECT number, stages FROM ended_run")
                while let row = try rows.next() {
                    let text: String = row[1]
                    stages[row[0]] = try? JournalCoding.decode([RunSummary.EndedStage].self, from: text)
                }
            }
            var list: [ListedRun] = []
            let rows = try Row.fetchCursor(
                db, sql: "SELECT number, id, launched_at, \(RunSummary.columns) FROM run ORDER BY launched_at DESC, id")
            while let row = try rows.next() {
                let id: String = row[1]
                guard let run = RunID(id) else { continue }
                list.append(ListedRun(run: run, summary: RunSummary(row, endedStages: stages[row[0]])))
            }
            return list
        }
    }
}

extension RunSummary {
    fileprivate static let columns =
        "pipeline, status, ended_at, stages, stages_done, cost, cost_per_hour, cost_at, planned_cost, failure"

    /// Nil where none was written. `row` begins with number, id and launch, and goes on with `columns`.
    fileprivate init?(_ row: Row, endedStages: [EndedStage]?) {
        guard let text = row[4] as String?, let status = RunState.Status(rawValue: text) else { return nil }
        self.init(
            pipeline: row[3], status: status, launchedAt: Instant(millisecondsSince1970: row[2]),
            endedAt: (row[5] as Int64?).map { Instant(millisecondsSince1970: $0) }, stages: row[6], stagesDone: row[7],
            plannedCost: Money(nanodollars: row[11]), failure: row[12], endedStages: endedStages,
            cost: Money(nanodollars: row[8]), costPerHour: Money(nanodollars: row[9]),
            at: Instant(millisecondsSince1970: row[10]))
    }

    /// Brings a run's line up to date behind the event that was written last. Without a summary, what was known before
    /// is taken away: it holds no longer.
    ///
    /// What is in an index is left alone until it changes: its page would be written with every event.
    ///
    /// - Parameters:
    ///   - events: how many the run has now.
    ///   - endedAt: given once the run has ended.
    static func write(
        _ summary: RunSummary?, of run: RunID, events: Int, endedAt: Instant? = nil, in db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: "UPDATE run SET \(assignments), events = ?, last_event = last_insert_rowid() WHERE id = ?")
        try statement.execute(arguments: values(of: summary) + [events, run.text])
        guard let endedAt else { return }
        try db.execute(
            sql: "UPDATE run SET ended = 1, ended_at = coalesce(ended_at, ?) WHERE id = ?",
            arguments: [endedAt.millisecondsSince1970, run.text])
        try summary?.writeStages(of: run, in: db)
    }

    /// The line of a run whose events were written before.
    func write(of run: RunID, in db: Database) throws {
        try db.execute(
            sql: "UPDATE run SET \(Self.assignments) WHERE id = ?", arguments: Self.values(of: self) + [run.text])
        try writeStages(of: run, in: db)
    }

    private func writeStages(of run: RunID, in db: Database) throws {
        guard let endedStages else { return }
        try db.execute(
            sql: "INSERT OR REPLACE INTO ended_run SELECT number, ? FROM run WHERE id = ?",
            arguments: [try JournalCoding.encode(endedStages), run.text])
    }

    private static let assignments = """
        pipeline = ?, status = ?, ended_at = ?, stages = ?, stages_done = ?, cost = ?, cost_per_hour = ?, cost_at = ?, \
        planned_cost = ?, failure = ?
        """

    private static func values(of summary: RunSummary?) -> StatementArguments {
        [
            summary?.pipeline, summary?.status.rawValue, summary?.endedAt?.millisecondsSince1970, summary?.stages,
            summary?.stagesDone, summary?.cost.nanodollars, summary?.costPerHour.nanodollars,
            summary?.at.millisecondsSince1970, summary?.plannedCost.nanodollars, summary?.failure,
        ]
    }
}
