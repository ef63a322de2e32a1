import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkyTestSupport
import Testing

@testable import SkyBroker

extension BlockedPlace {
    static let soldOut = BlockedPlace(
        provider: "aws", region: "us-east-1", zone: "us-east-1a", instanceType: "p5.48xlarge", market: .spot)
}

@Suite("Places that refused", .timeLimit(.minutes(1)))
struct UnavailablePlaceTests {
    private func refusal(_ place: BlockedPlace = .soldOut, after minutes: Int64) -> PlaceRefusal {
        PlaceRefusal(place, .noCapacity, message: "no capacity", at: at(minutes))
    }

    private func at(_ minutes: Int64) -> Instant { .start + TimeSpan.seconds(60 * minutes) }

    @Test("a place is avoided twice as long with each refusal in a row, and never longer than six hours")
    func doubling() {
        #expect(
            (1...9).map { UnavailablePlace.span(afterRefusals: $0).milliseconds / 60_000 }
                == [5, 10, 20, 40, 80, 160, 320, 360, 360])
        #expect(UnavailablePlace.span(afterRefusals: .max) == UnavailablePlace.longestSpan)
    }

    @Test("all runs share what one has met, from any process, until the time is over")
    func shared() async throws {
        try await JournalFixture.use { fixture in
            try fixture.journal.note(refusal(after: 0))
            try Journal(path: fixture.path).note(refusal(after: 6))
            let place = try #require(try fixture.journal.unavailablePlaces(at: at(15)).first)
            #expect(place.place == .soldOut && place.repeats == 2 && place.kind == .noCapacity)
            #expect(place.since == at(0) && place.until == at(16))
            #expect(try fixture.journal.unavailablePlaces(at: at(16)).isEmpty)
            #expect(try Journal.unavailablePlaces(at: at(15), in: fixture.path) == [place])
        }
    }

    @Test("a hundred runs that hear of one stock-out at once have heard of one")
    func oneStockOut() async throws {
        try await JournalFixture.use { fixture in
            for second in 0..<50 {
                try fixture.journal.note(
                    PlaceRefusal(.soldOut, .noCapacity, message: "", at: .start + TimeSpan.seconds(Int64(second))))
            }
            #expect(try fixture.journal.unavailablePlaces(at: .start).map(\.repeats) == [1])
        }
    }

    @Test("a refusal long after the last begins anew")
    func longAfter() async throws {
        try await JournalFixture.use { fixture in
            for minute in [0, 10, 20] { try fixture.journal.note(refusal(after: Int64(minute))) }
            #expect(try fixture.journal.unavailablePlaces(at: at(20)).map(\.repeats) == [3])
            try fixture.journal.note(refusal(after: 2000))
            let place = try #require(try fixture.journal.unavailablePlaces(at: at(2000)).first)
            #expect(place.repeats == 1 && place.since == at(2000))
        }
    }

    @Test("a clock that was set back frees places instead of closing them for years")
    func clock() async throws {
        try await JournalFixture.use { fixture in
            try fixture.journal.note(refusal(after: 600_000))
            #expect(try fixture.journal.unavailablePlaces(at: at(0)).isEmpty)
            try fixture.journal.note(refusal(after: 1))
            #expect(try fixture.journal.unavailablePlaces(at: at(2)).map(\.until) == [at(6)])
        }
    }

    @Test("success ends every refusal that it disproves, and no other")
    func success() async throws {
        try await JournalFixture.use { fixture in
            let region = BlockedPlace(provider: "aws", region: "us-east-1")
            var other = BlockedPlace.soldOut
            other.zone = "us-east-1b"
            for place in [.soldOut, region, BlockedPlace(provider: "aws"), BlockedPlace(provider: "gcp"), other] {
                try fixture.journal.note(refusal(place, after: 0))
            }
            try fixture.journal.forget(.soldOut)
            let left = try fixture.journal.unavailablePlaces(at: at(1)).map(\.place)
            #expect(Set(left) == [other, BlockedPlace(provider: "gcp")])
        }
    }
}

@Suite("Requests", .timeLimit(.minutes(1)))
struct RequestTests {
    @Test("asking twice is asking once, and of two answers the first counts")
    func once() async throws {
        try await JournalFixture.use { fixture in
            let (run, other) = (try fixture.begin("one"), try fixture.begin("two"))
            try fixture.journal.request(.cancel, of: run)
            try fixture.journal.request(.cancel, of: run)
            #expect(try fixture.journal.request(.answer(question: "q1", isApproved: true), of: run))
            #expect(try !fixture.journal.request(.answer(question: "q1", isApproved: false), of: run))
            try fixture.journal.request(.down, of: other)
            #expect(
                try fixture.journal.requests(of: run) == [.stop(.cancel), .answer(question: "q1", isApproved: true)])
            let all = try fixture.journal.requests(after: 0)
            #expect(all.map(\.run) == [run, run, other])
            #expect(try fixture.journal.requests(after: all[1].number).map(\.request) == [.stop(.down)])
        }
    }
}
