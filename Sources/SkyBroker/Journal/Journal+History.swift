import GRDB
import SkyCatalog
import SkyCore
public import SkyPlacement
import SkySpec
import SkyStorage

extension Journal {
    /// Runs of a stage that are kept in mind, the latest.
    private static let runsPerStage = 20

    /// Keeps in mind what a stage that is done took, where it ran on what its plan says.
    func learn(
        from id: AttemptID, in state: RunState, isReal: (_ provider: String) -> Bool
    ) throws(JournalError) {
        guard let stage = state.stage(named: id.stage), let attempt = stage.attempt, attempt.id == id,
            let begin = attempt.deliveredAt, let end = attempt.workEndedAt, isReal(attempt.planned.offer.provider)
        else { return }
        let offer = attempt.planned.offer
        let past = PlacementHistory.PastRun(
            run: id.run.text, provider: offer.provider, region: offer.region, zone: attempt.zone,
            instanceType: offer.instanceType, accelerator: offer.accelerator, market: offer.market,
            duration: end - begin,
            outputSizes: Dictionary(
                (stage.outputs ?? []).map { ($0.name, $0.artifact.size) }, uniquingKeysWith: { first, _ in first }),
            endedAt: end)
        let pipeline = state.launch.pipeline.name
        try write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO past_run (pipeline, stage, ended_at, run, body) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    pipeline, id.stage, end.millisecondsSince1970, past.run, try JournalCoding.encode(past),
                ])
        }
    }

    /// What earlier runs of a pipeline took, stage by stage.
    public func history(of pipeline: String) throws(JournalError) -> PlacementHistory {
        try read { db in try Self.history(of: pipeline, in: db) }
    }

    /// The same without making a journal, or changing one of an older version: nothing is known where there is none.
    public static func history(of pipeline: String, at path: String) throws(JournalError) -> PlacementHistory {
        try looking(at: path) { db in
            try db.tableExists("past_run") ? history(of: pipeline, in: db) : PlacementHistory()
        }
    }

    /// Reads a journal that is there without making, changing or claiming it.
    static func looking<Result: Sendable>(
        at path: String, _ body: (Database) throws -> Result
    ) throws(JournalError) -> Result {
        let place = JournalPlace(path: path)
        do { return try place.connect(readingOnly: true).read(body) } catch {
            throw place.failure(error, doing: "read")
        }
    }

    private static func history(of pipeline: String, in db: Database) throws -> PlacementHistory {
        var runs: [String: [PlacementHistory.PastRun]] = [:]
        let rows = try Row.fetchCursor(
            db, sql: "SELECT stage, body FROM past_run WHERE pipeline = ? ORDER BY stage, ended_at DESC",
            arguments: [pipeline])
        while let row = try rows.next() {
            let stage: String = row[0]
            guard runs[stage, default: []].count < runsPerStage else { continue }
            let body: String = row[1]
            runs[stage, default: []].append(
                try JournalCoding.decode(PlacementHistory.PastRun.self, from: body))
        }
        return PlacementHistory(runs: runs)
    }
}
