import GRDB
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyBroker

@Suite("Journals of earlier versions", .timeLimit(.minutes(1)))
struct OlderJournalTests {
    @Test("runs, events and requests come over whole, and go on where they were")
    func secondForm() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/journal.sqlite"
            let events = [RecordedEvent.launch] + JournalFixture.events(0..<30)
            let names = ["tickets-aaaa", "tickets-bbbb", "tickets-cccc"]
            try writeSecondForm(at: path, names, events)

            let journal = try Journal(path: path)
            let runs = try names.map { try #require(RunID($0)) }
            #expect(try Set(journal.runs()) == Set(runs))
            for run in runs { #expect(try journal.events(of: run) == events) }
            #expect(try journal.unfinishedRuns() == [runs[0], runs[2]])
            #expect(try journal.requests(of: runs[1]) == [.stop(.cancel)])
            #expect(try journal.list().compactMap(\.summary?.pipeline) == ["p", "p", "p"])
            try await journal.append(JournalFixture.events([99]), to: runs[0], after: 31, runEnded: true)
            #expect(try journal.events(of: runs[0]) == events + JournalFixture.events([99]))
            #expect(Journal.check(path).isSound)
        }
    }

    /// As the version before wrote it, the second of the runs ended.
    private func writeSecondForm(at path: String, _ runs: [String], _ events: [RecordedEvent]) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
        try JournalSchema.migrator.migrate(queue, upTo: "2")
        try queue.write { db in
            for (number, run) in runs.enumerated() {
                try db.execute(
                    sql: "INSERT INTO run VALUES (?, ?, ?)", arguments: [run, 1000 + number, number == 1 ? 1 : 0])
            }
            for (sequence, event) in events.enumerated() {
                for run in runs {
                    try db.execute(
                        sql: "INSERT INTO event VALUES (?, ?, ?)",
                        arguments: [run, sequence, try JournalCoding.encode(event)])
                }
            }
            try db.execute(sql: "INSERT INTO request VALUES (?, 'cancel')", arguments: [runs[1]])
        }
    }
}
