import Glibc
import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyCLI

/// Runs that ended, as a journal keeps them, and the commands that look back at them.
@Suite("Looking back", .serialized)
struct HistoryCommandTests {
    private struct Home {
        let environment: [String: String]
        let folder: StateFolder
        let journal: Journal
        private let launch: Launch

        init(_ home: String) throws {
            environment = InstallationFixture.environment(home: home)
            let paths = try SkyPaths(environment: environment)
            try paths.create()
            folder = StateFolder(path: paths.state)
            journal = try Journal(path: folder.journal)
            let pipeline = try SpecReader.read(path: InstallationFixture.pipeline("tickets")).pipeline
            let catalog = try CatalogAccess(.tests(environment)).load()
            let plan = try Planner().plan(pipeline, offers: CatalogOffers(catalog: catalog))
            launch = Launch(run: try #require(RunID("x")), pipeline: pipeline, plan: plan)
        }

        /// One whose first stage was refused once, and that was stopped then.
        @discardableResult
        func run(_ name: String, at start: Instant = Samples.now, ended: Bool = true) throws -> RunID {
            var launch = launch
            launch.run = try #require(RunID(name))
            let id = AttemptID(run: launch.run, stage: "clean", number: 1)
            let first = RecordedEvent(.launched(launch), at: start)
            let events: [RunEvent] = [
                .driverStarted(processID: 42), .lookedUp(stage: "clean", reuse: nil),
                .provisionFailed(id, ProviderError(.noCapacity, provider: "acme", "none left")),
                .stopRequested(.cancel), .released(id),
            ]
            let recorded = events.enumerated().map { RecordedEvent($1, at: start + TimeSpan.seconds(Int64($0 + 1))) }
            var state = try #require(RunState(first))
            for event in recorded { _ = state.apply(event) }
            #expect(try journal.begin(first, run: launch.run))
            try journal.append(
                recorded, to: launch.run, after: 1, runEnded: ended, summary: RunSummary(state, at: recorded[4].at))
            try SkyTestFiles.makeFolders(folder.logs(of: launch.run))
            return launch.run
        }

        func sky(_ arguments: String..., answers: [String] = []) async -> CommandRun {
            await CommandRun(arguments, environment: environment, answers: answers, now: Samples.now)
        }
    }

    private func withHome(_ body: (Home) async throws -> Void) async throws {
        try await withTemporaryFolder { path in
            setenv("TZ", "UTC", 1)
            tzset()
            try await body(Home(path))
        }
    }

    @Test("events are told in words, and as lines of JSON with a stable shape")
    func events() async throws {
        try await withHome { home in
            try home.run("tickets-7k2m")
            let text = await home.sky("events", "tickets-7")
            #expect(text.status == 0)
            try expectGolden(text.out, "events.txt")
            let json = await home.sky("events", "tickets-7k2m", "--output", "json")
            // The launch holds the whole pipeline and its plan.
            try expectGolden(json.out.split(separator: "\n").dropFirst().map { $0 + "\n" }.joined(), "events.jsonl")
            #expect(json.out.hasPrefix(#"{"at":""#))
            #expect(
                await home.sky("events", "-f", "tickets-7k2m").out == text.out, "an ended run is followed to its end")
            #expect(await home.sky("events", "nobody").status == 2)
        }
    }

    @Test("the log of any past try is there when its nodes are gone")
    func attempts() async throws {
        try await withHome { home in
            let run = try home.run("tickets-7k2m")
            try SkyTestFiles.write("first\n", to: "\(home.folder.logs(of: run))/clean.1.0.log")
            #expect(await home.sky("logs", "tickets-7k2m", "clean", "--attempt", "1").out == "first\n")
            let late = await home.sky("logs", "tickets-7k2m", "clean", "--attempt", "9")
            #expect(late.status == 2 && late.err.contains("stage 'clean' of tickets-7k2m has had"))
            let which = await home.sky("logs", "tickets-7k2m", "--attempt", "1")
            #expect(which.status == 2 && which.err.contains("sky logs tickets-7k2m clean --attempt 1"))
        }
    }

    @Test("a list is the same from the runs' summaries as from all of their events")
    func list() async throws {
        try await withHome { home in
            try home.run("tickets-7k2m")
            let fast = await home.sky("status")
            let json = await home.sky("status", "--output", "json")
            // An append without a summary leaves the list to fold the events.
            try await home.journal.append(
                [RecordedEvent(.driverStarted(processID: 1), at: Samples.now)],
                to: #require(RunID("tickets-7k2m")), after: 6, runEnded: true)
            #expect(await home.sky("status").out == fast.out)
            #expect(await home.sky("status", "--output", "json").out == json.out)
            #expect(fast.out.contains("cancelled"))
        }
    }

    @Test("purge removes what is old enough, asks first, and never touches a run that has not ended")
    func purge() async throws {
        try await withHome { home in
            let old = Samples.now + TimeSpan(milliseconds: -40 * 86_400_000)
            let run = try home.run("tickets-aaaa", at: old)
            try home.run("tickets-bbbb")
            try home.run("tickets-cccc", at: old, ended: false)
            try SkyTestFiles.write("0123456789", to: "\(home.folder.logs(of: run))/clean.1.0.log")

            let dry = await home.sky("purge", "--dry-run")
            #expect(dry.status == 0 && dry.out.hasPrefix("tickets-aaaa") && !dry.out.contains("tickets-bbbb"))
            #expect(try home.journal.runs().count == 3)
            #expect(await home.sky("purge", answers: ["n"]).status == 130)
            let unfinished = await home.sky("purge", "tickets-cccc", "--yes")
            #expect(unfinished.status == 2 && unfinished.err.contains("sky down tickets-cccc"))
            #expect(
                await home.sky("purge", "--older-than", "soon").err.contains("--older-than soon: 'soon' is no time"))

            let done = await home.sky("purge", "--yes")
            #expect(done.status == 0 && done.err.contains("removed 1 run"), "\(done.err)")
            #expect(try home.journal.runs().map(\.text) == ["tickets-bbbb", "tickets-cccc"])
            #expect(access(home.folder.folder(of: run), F_OK) != 0)
            #expect(try home.journal.events(of: #require(RunID("tickets-bbbb"))).count == 6)
            #expect(await home.sky("purge", "tickets-bbbb", "--yes").status == 0)
            #expect(try home.journal.runs().map(\.text) == ["tickets-cccc"])
        }
    }

    @Test("SKY_RETENTION says how long runs are kept when the command does not")
    func retention() async throws {
        try await withHome { home in
            try home.run("tickets-aaaa", at: Samples.now + TimeSpan(milliseconds: -3 * 86_400_000))
            var environment = home.environment
            #expect(await CommandRun(["purge", "--dry-run"], environment: environment, now: Samples.now).out.isEmpty)
            environment["SKY_RETENTION"] = "2d"
            #expect(
                await CommandRun(["purge", "--dry-run"], environment: environment, now: Samples.now).out
                    .hasPrefix("tickets-aaaa"))
        }
    }

    @Test("check shows the places that all runs stay away from, and until when")
    func avoided() async throws {
        try await withHome { home in
            #expect(await !home.sky("check").out.contains("avoided"))
            let place = BlockedPlace(
                provider: "acme", region: "east", zone: "east-a", instanceType: "p5.48xlarge", market: .spot)
            for minutes in [-20, -10, -2] {
                let at = Samples.now + TimeSpan.seconds(Int64(minutes) * 60)
                try home.journal.note(PlaceRefusal(place, .noCapacity, message: "none left", at: at))
            }
            let until = LocalTime(Samples.now + TimeSpan.seconds(18 * 60)).time
            #expect(
                await home.sky("check").out.contains(
                    "avoided until \(until): acme/east/east-a p5.48xlarge spot, no capacity, 3rd time"))
            let json = await home.sky("check", "--output", "json").out
            #expect(json.contains(#""instance_type" : "p5.48xlarge""#) && json.contains(#""refusals" : 3"#))
        }
    }

    @Test("a damaged journal is told of with the command that reads what is left, and exit code 2")
    func damaged() async throws {
        try await withTemporaryFolder { path in
            let environment = InstallationFixture.environment(home: path)
            let file = StateFolder(path: try SkyPaths(environment: environment).state).journal
            #expect(
                await CommandRun(["state", "check"], environment: environment).out.contains("there is no such file"))
            do { try Home(path).run("tickets-7k2m") }
            let whole = await CommandRun(["state", "check"], environment: environment)
            #expect(whole.status == 0 && whole.out.contains("is whole: 1 run and 6 events can be read"))
            #expect(truncate(file, 6000) == 0)
            let status = await CommandRun(["status"], environment: environment)
            #expect(status.status == 2)
            #expect(status.err.contains("is damaged") && status.err.contains("→ sky state check"))
            let check = await CommandRun(["state", "check", "--output", "json"], environment: environment)
            #expect(check.status == 2 && check.out.contains(#""is_sound" : false"#))
        }
    }

    @Test("a journal of another machine is claimed only by somebody who says that the other is gone")
    func claim() async throws {
        try await withHome { home in
            let refused = await home.sky("state", "claim")
            #expect(refused.status == 2 && refused.err.contains("sky state claim --yes"))
            #expect(await home.sky("state", "claim", answers: [""]).status == 130)
            #expect(await home.sky("state", "claim", answers: ["y"]).status == 0)
        }
    }
}

/// Small files for tests.
enum SkyTestFiles {
    static func makeFolders(_ path: String) throws {
        var part = ""
        for step in path.split(separator: "/") {
            part += "/\(step)"
            mkdir(part, 0o700)
        }
        try #require(access(path, W_OK) == 0)
    }

    static func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }
}
