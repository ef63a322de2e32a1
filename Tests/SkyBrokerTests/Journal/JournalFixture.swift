import SkyCore
import SkyTestSupport
import Testing

@testable import SkyBroker

/// A journal in a folder of its own, and runs to put in it.
struct JournalFixture {
    let path: String
    let journal: Journal

    static func use<Result>(_ body: (JournalFixture) async throws -> Result) async throws -> Result {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/journal.sqlite"
            return try await body(JournalFixture(path: path, journal: try Journal(path: path)))
        }
    }

    /// A run that has only been launched.
    func begin(_ name: String) throws -> RunID {
        let run = try #require(RunID(name))
        #expect(try journal.begin(.launch, run: run))
        return run
    }

    /// Numbered events, so that their order can be told.
    static func events(_ numbers: some Sequence<Int>) -> [RecordedEvent] {
        numbers.map {
            RecordedEvent(
                .driverStarted(processID: Int32($0)), at: .start + TimeSpan(milliseconds: Int64($0)), dice: 7)
        }
    }
}

extension RecordedEvent {
    static let launch = RecordedEvent(.launched(.chain()), at: .start)
}
