import SkyCore
import SkyProviders
import SkyTestSupport
import Testing

@testable import SkyBroker

@Suite("The journal's events", .timeLimit(.minutes(2)))
struct AppendTests {
    @Test("events come back in order, all of them or from any on")
    func order() async throws {
        try await JournalFixture.use { fixture in
            let (one, two) = (try fixture.begin("one"), try fixture.begin("two"))
            let events = JournalFixture.events(0..<20)
            for start in stride(from: 0, to: 20, by: 5) {
                for run in [one, two] {
                    try await fixture.journal.append(
                        Array(events[start..<start + 5]), to: run, after: start + 1, runEnded: false)
                }
            }
            for run in [one, two] {
                #expect(try fixture.journal.events(of: run) == [.launch] + events)
                #expect(try fixture.journal.events(of: run, from: 18) == Array(events[17...]))
                #expect(try fixture.journal.events(of: run, from: 21).isEmpty)
            }
            let reopened = try Journal(path: fixture.path)
            #expect(try reopened.events(of: one) == [.launch] + events)
            #expect(try !reopened.begin(.launch, run: one), "a name is taken once")
            #expect(try reopened.events(of: #require(RunID("three"))).isEmpty)
        }
    }

    @Test("a hundred runs that append at once each get their own events, and share commits")
    func together() async throws {
        try await JournalFixture.use { fixture in
            let runs = try (0..<100).map { try fixture.begin("run-\($0)") }
            let journal = fixture.journal
            try await withThrowingTaskGroup(of: Void.self) { group in
                for run in runs {
                    group.addTask {
                        for number in 0..<20 {
                            try await journal.append(
                                JournalFixture.events([number]), to: run, after: number + 1, runEnded: number == 19)
                        }
                    }
                }
                try await group.waitForAll()
            }
            for run in runs {
                #expect(try journal.events(of: run) == [.launch] + JournalFixture.events(0..<20))
            }
            #expect(try journal.unfinishedRuns().isEmpty)
        }
    }

    @Test("an append that somebody else has overtaken is refused, and those beside it are not")
    func overtaken() async throws {
        try await JournalFixture.use { fixture in
            let runs = try (0..<10).map { try fixture.begin("run-\($0)") }
            let journal = fixture.journal
            let refused = await withTaskGroup(of: RunID?.self) { group in
                for (index, run) in runs.enumerated() {
                    group.addTask {
                        do throws(JournalError) {
                            let wrong = index % 3 == 0 ? 5 : 1
                            try await journal.append(
                                JournalFixture.events([1, 2]), to: run, after: wrong, runEnded: true)
                            return nil
                        } catch {
                            return error.kind == .overtaken ? run : nil
                        }
                    }
                }
                var refused: Set<RunID> = []
                for await run in group { if let run { refused.insert(run) } }
                return refused
            }
            #expect(refused == Set([0, 3, 6, 9].map { runs[$0] }))
            for run in runs {
                let count = refused.contains(run) ? 1 : 3
                #expect(try journal.events(of: run).count == count)
                #expect(try journal.isUnfinished(run) == refused.contains(run))
            }
            let unknown = try #require(RunID("unknown"))
            await #expect(throws: JournalError.self) {
                try await journal.append(JournalFixture.events([1]), to: unknown, after: 0, runEnded: false)
            }
        }
    }

    @Test("what one event teaches is written with it, or not at all")
    func notes() async throws {
        try await JournalFixture.use { fixture in
            let run = try fixture.begin("one")
            let refusal = PlaceRefusal(.soldOut, .noCapacity, message: "none left", at: .start)
            await #expect(throws: JournalError.self) {
                try await fixture.journal.append(
                    JournalFixture.events([1]), to: run, after: 9, runEnded: false, notes: [.refused(refusal)])
            }
            #expect(try fixture.journal.unavailablePlaces(at: .start).isEmpty)
            try await fixture.journal.append(
                JournalFixture.events([1]), to: run, after: 1, runEnded: false, notes: [.refused(refusal)])
            #expect(try fixture.journal.unavailablePlaces(at: .start).map(\.place) == [.soldOut])
            try await fixture.journal.append(
                JournalFixture.events([2]), to: run, after: 2, runEnded: false, notes: [.gave(.soldOut)])
            #expect(try fixture.journal.unavailablePlaces(at: .start).isEmpty)
        }
    }

    @Test("the version changes with each write, whichever connection made it, and with nothing else")
    func version() async throws {
        try await JournalFixture.use { fixture in
            let run = try fixture.begin("one")
            let before = try fixture.journal.version()
            #expect(try fixture.journal.version() == before)
            try await fixture.journal.append(JournalFixture.events([1]), to: run, after: 1, runEnded: false)
            let after = try fixture.journal.version()
            #expect(after != before)
            try Journal(path: fixture.path).request(.cancel, of: run)
            #expect(try fixture.journal.version() != after)
        }
    }

    @Test("a clock that goes back loses nothing, and no run lasts less than no time")
    func clockGoesBack() async throws {
        try await JournalFixture.use { fixture in
            let run = try fixture.begin("one")
            let past = Instant(millisecondsSince1970: 1000)
            let events: [RecordedEvent] = [
                RecordedEvent(.driverStarted(processID: 1), at: past),
                RecordedEvent(.stopRequested(.cancel), at: past),
            ]
            var state = try #require(RunState(.launch))
            for event in events { _ = state.apply(event) }
            try await fixture.journal.append(
                events, to: run, after: 1, runEnded: true, summary: RunSummary(state, at: past))
            #expect(try fixture.journal.events(of: run) == [.launch] + events)
            #expect(try fixture.journal.state(of: run)?.status == .cancelled)
            let summary = try #require(try fixture.journal.list().first?.summary)
            #expect(summary.cost(at: past) >= .zero)
        }
    }
}
