import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyBroker

@Suite("Room in the journal's log")
struct LogRoomTests {
    @Test("the log is made longer in steps, and not with each event")
    func steps() async throws {
        try await JournalFixture.use { fixture in
            let run = try fixture.begin("one")
            var sizes: Set<Int> = []
            for number in 0..<100 {
                try await fixture.journal.append(
                    JournalFixture.events([number]), to: run, after: number + 1, runEnded: false)
                sizes.insert(try logSize(of: fixture.path))
            }
            #expect(sizes.count < 6)
        }
    }

    @Test("a journal whose log ends with room is read whole where SQLite has to find the log's end itself")
    func recovery() async throws {
        try await JournalFixture.use { fixture in
            let run = try fixture.begin("one")
            for number in 0..<50 {
                try await fixture.journal.append(
                    JournalFixture.events([number]), to: run, after: number + 1, runEnded: false)
            }
            let log = try Data(contentsOf: URL(filePath: "\(fixture.path)-wal"))
            #expect(log.suffix(4096).allSatisfy { $0 == 0 }, "there is room in it")
            try await withTemporaryFolder { folder in
                let copy = "\(folder)/journal.sqlite"
                for end in ["", "-wal"] {
                    try FileManager.default.copyItem(atPath: fixture.path + end, toPath: copy + end)
                }
                let journal = try Journal(path: copy)
                #expect(try journal.events(of: run) == [.launch] + JournalFixture.events(0..<50))
                try await journal.append(JournalFixture.events([50]), to: run, after: 51, runEnded: true)
                #expect(try journal.events(of: run).count == 52)
                #expect(Journal.check(copy).isSound)
            }
        }
    }

    private func logSize(of path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: "\(path)-wal")[.size] as? Int)
    }
}
