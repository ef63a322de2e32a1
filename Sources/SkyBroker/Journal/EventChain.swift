import GRDB
import SkyCore

/// The events of one run, each of which names the one before it.
struct EventChain {
    private let db: Database
    let run: RunID
    /// The run's number in this journal.
    let number: Int64
    /// How many there are.
    let count: Int
    private let last: Int64?

    /// Nil for a run that is not known.
    init?(of run: RunID, in db: Database) throws {
        let statement = try db.cachedStatement(sql: "SELECT number, events, last_event FROM run WHERE id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [run.text]) else { return nil }
        self.db = db
        self.run = run
        (number, count, last) = (row[0], row[1], row[2])
    }

    /// As the journal keeps them, from the `start`th on, in order.
    ///
    /// - Throws: `JournalDamage` when one is missing or altered.
    func texts(from start: Int = 0) throws -> [String] {
        guard start < count else { return [] }
        var texts: [String] = []
        texts.reserveCapacity(count - start)
        let statement = try db.cachedStatement(sql: "SELECT run, seq, previous, sum, body FROM event WHERE id = ?")
        var next = last
        for sequence in stride(from: count - 1, through: start, by: -1) {
            guard let id = next, let row = try Row.fetchOne(statement, arguments: [id]) else {
                throw JournalDamage(run: run, sequence: sequence, reason: "is missing")
            }
            let (owner, position): (Int64, Int) = (row[0], row[1])
            let sum: Int64? = row[3]
            let body: String = row[4]
            guard owner == number, position == sequence else {
                throw JournalDamage(run: run, sequence: sequence, reason: "is not where it was")
            }
            if let sum, sum != JournalCoding.checksum(run: run.text, sequence: sequence, body: body) {
                throw JournalDamage(run: run, sequence: sequence, reason: "is not what was written")
            }
            texts.append(body)
            next = row[2]
        }
        return texts.reversed()
    }

    func events(from start: Int = 0) throws -> [RecordedEvent] {
        var sequence = start
        return try texts(from: start).map { text in
            defer { sequence += 1 }
            do { return try JournalCoding.decode(RecordedEvent.self, from: text) } catch {
                throw JournalDamage(
                    run: run, sequence: sequence, reason: "is nothing that this version knows", isForeign: true)
            }
        }
    }
}

/// An event that cannot be read.
struct JournalDamage: Error {
    let run: RunID
    let sequence: Int
    let reason: String
    /// True when its bytes are what was written: it is of another version.
    var isForeign = false

    func error(at place: JournalPlace) -> JournalError {
        let what = "event \(sequence) of run \(run) \(reason)"
        guard isForeign else { return place.damaged(what) }
        return JournalError(
            .newer, "the journal \(place.path) holds something of a newer sky: \(what)",
            advice: ["update sky", "sky events \(run)   shows what happened all the same"])
    }
}
