import SkyCore
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyHTTP

@Suite("Calls that are safe to repeat are repeated", .timeLimit(.minutes(5)))
struct HTTPRetryTests {
    private let quick = HTTPRetries(
        tries: 4, firstPause: TimeSpan(milliseconds: 1), longestPause: TimeSpan(milliseconds: 4),
        deadline: .seconds(200))

    /// Answers with each status once, then with 200.
    private func server(
        _ statuses: [Int], headers: [(String, String)] = []
    ) throws -> LoopbackHTTPServer {
        let rest = Rest(statuses)
        return try LoopbackHTTPServer { _ in
            guard let status = rest.next() else { return [.reply(200, body: "done")] }
            return status == 0 ? [.hangUp] : [.reply(status, headers: headers)]
        }
    }

    private final class Rest: Sendable {
        private let statuses: Mutex<[Int]>
        init(_ statuses: [Int]) { self.statuses = Mutex(statuses) }
        func next() -> Int? { statuses.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    private func call(_ server: LoopbackHTTPServer, _ retries: HTTPRetries) async throws -> HTTPResponse {
        let caller = HTTPCaller()
        return try await caller.call("host", retries: retries) { timeLeft throws(HTTPError) in
            try await caller.client.send(HTTPRequest(.get, server.url, timeout: timeLeft))
        }
    }

    @Test(
        "passing trouble of every kind is tried again", arguments: [[500], [502, 503], [429, 0, 504], [0, 0, 408]])
    func passing(statuses: [Int]) async throws {
        let server = try server(statuses)
        defer { server.stop() }
        #expect(try await call(server, quick).status == 200)
        #expect(server.requests.count == statuses.count + 1)
    }

    @Test("a refusal is no trouble that passes", arguments: [400, 403, 404, 409, 412, 501])
    func refusal(status: Int) async throws {
        let server = try server([status])
        defer { server.stop() }
        #expect(try await call(server, quick).status == status)
        #expect(server.requests.count == 1)
    }

    @Test("what must not be repeated is tried once")
    func once() async throws {
        let server = try server([503, 0])
        defer { server.stop() }
        #expect(try await call(server, .never(deadline: .seconds(200))).status == 503)
        await #expect(throws: HTTPError.self) { try await call(server, .never(deadline: .seconds(200))) }
        #expect(server.requests.count == 2)
    }

    @Test("after the last try the last answer is given, or the last failure with their number")
    func last() async throws {
        let answers = try server([500, 500, 500, 502, 500])
        defer { answers.stop() }
        #expect(try await call(answers, quick).status == 502)
        let hangs = try server([0, 0, 0, 0, 0])
        defer { hangs.stop() }
        let error = await #expect(throws: HTTPError.self) { try await call(hangs, quick) }
        #expect(error?.message.hasSuffix("(tried 4 times)") == true)
    }

    @Test("no try begins after the deadline, whatever the server asks for")
    func deadline() async throws {
        let server = try server([503, 503], headers: [("Retry-After", "300")])
        defer { server.stop() }
        #expect(try await call(server, quick).status == 503)
        #expect(server.requests.count == 1)
    }

    @Test("a pause is at least what the server asked for")
    func retryAfter() async throws {
        let server = try server([503], headers: [("Retry-After", "1")])
        defer { server.stop() }
        let start = ContinuousClock.now
        #expect(try await call(server, quick).status == 200)
        #expect(start.duration(to: .now) >= .milliseconds(950))
    }

    @Test("cancelling ends a pause")
    func cancelled() async throws {
        let server = try server(Array(repeating: 503, count: 100), headers: [("Retry-After", "100")])
        defer { server.stop() }
        let retries = HTTPRetries(tries: 50, deadline: .seconds(100_000))
        let task = Task { try await call(server, retries) }
        #expect(try await comesTrue { !server.requests.isEmpty })
        task.cancel()
        let error = await #expect(throws: HTTPError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
    }

    @Test("pauses grow up to their bound, and are spread over all of it")
    func pauses() {
        let retries = HTTPRetries(
            firstPause: TimeSpan(milliseconds: 100), longestPause: TimeSpan(milliseconds: 1000))
        var random = SeededGenerator(seed: 6)
        for (attempt, bound) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (60, 1000)] {
            let pauses = (0..<400).map { _ in Int(retries.pause(after: attempt, using: &random).milliseconds) }
            #expect(pauses.allSatisfy { (0...bound).contains($0) })
            #expect(pauses.contains { $0 < bound / 10 } && pauses.contains { $0 > bound * 9 / 10 })
        }
        #expect(retries.pause(after: 1, asked: .seconds(5), using: &random) >= .seconds(5))
    }
}

@Suite("A host gets as many calls at once as it bears", .timeLimit(.minutes(5)))
struct HostPaceTests {
    @Test("complaints halve, good answers add one for each round")
    func pace() {
        var pace = HostPace(most: 16)
        for _ in 0..<16 { #expect(pace.ask(at: 0) == .start) }
        #expect(pace.ask(at: 0) == .queue)
        pace.end(.throttled(for: nil), at: 10)
        #expect(pace.limit == 8)
        // Of the same moment: the same complaint.
        for _ in 0..<7 { pace.end(.throttled(for: nil), at: 20) }
        #expect(pace.limit == 8)
        #expect(pace.ask(at: 30) == .queue)
        for _ in 0..<8 { pace.end(.answered, at: 40) }
        #expect(pace.limit > 8.9 && pace.limit <= 9)
        #expect(pace.underWay == 0)
        for round in 0..<40 {
            #expect(pace.ask(at: Int64(round + 1) * 5000) == .start)
            pace.end(.throttled(for: nil), at: Int64(round + 1) * 5000)
        }
        #expect(pace.limit == 1)
        #expect(pace.ask(at: 1_000_000) == .start)
    }

    @Test("nobody starts before the moment that the host named")
    func notBefore() {
        var pace = HostPace(most: 4)
        #expect(pace.ask(at: 0) == .start)
        pace.end(.throttled(for: .seconds(3)), at: 100)
        #expect(pace.ask(at: 200) == .wait(until: 3100))
        #expect(pace.ask(at: 3100) == .start)
    }

    @Test("a crowd never has more under way than allowed, and everybody gets a turn, cancelled ones aside")
    func crowd() async throws {
        let limiter = HostLimiter(most: 3)
        let counter = Shared()
        let doomed = (0..<50).map { _ in
            Task {
                try await limiter.enter("h"); limiter.leave("h", .failed)
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<300 {
                group.addTask {
                    guard (try? await limiter.enter("h")) != nil else { return }
                    counter.enter()
                    await Task.yield()
                    counter.leave()
                    limiter.leave("h", index % 50 == 0 ? .throttled(for: TimeSpan(milliseconds: 5)) : .answered)
                }
            }
            for task in doomed { task.cancel() }
            await group.waitForAll()
        }
        #expect(counter.most <= 3)
        #expect(counter.done == 300)
    }

    private final class Shared: Sendable {
        private let state = Mutex((now: 0, most: 0, done: 0))
        var most: Int { state.withLock { $0.most } }
        var done: Int { state.withLock { $0.done } }
        func enter() { state.withLock { ($0.now, $0.most) = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { state.withLock { ($0.now, $0.done) = ($0.now - 1, $0.done + 1) } }
    }
}
