import Glibc
import SkyBroker
import SkyCore
import SkyPlacement
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Commands on runs")
struct RunCommandTests {
    private let file = InstallationFixture.pipeline("tickets")

    @Test("launch asks before anything is started, and needs somebody to ask")
    func asks() async throws {
        try await withTemporaryFolder { home in
            let environment = InstallationFixture.environment(home: home)
            let alone = await CommandRun(["launch", file], environment: environment)
            #expect(alone.status == 2)
            #expect(alone.err.contains("nobody is here to agree to $"))
            #expect(alone.err.contains("sky launch \(file) --yes"))
            let declined = await CommandRun(["launch", file], environment: environment, answers: ["n"])
            #expect(declined.status == 130)
            #expect(declined.err.hasSuffix("? [Y/n] nothing was started\n"))
            #expect(access("\(home)/state", F_OK) != 0, "a declined launch leaves nothing behind")
        }
    }

    @Test("launch finds out what is missing before it asks")
    func missing() async throws {
        try await withTemporaryFolder { home in
            var environment = InstallationFixture.environment(home: home)
            let secret = await CommandRun(
                ["launch", InstallationFixture.pipeline("secret"), "--yes"], environment: environment)
            #expect(secret.status == 2)
            #expect(secret.err.contains("the pipeline needs TOKEN"))
            environment["SKY_AGENT"] = "/nowhere/sky-agent"
            let agent = await CommandRun(["launch", file, "--yes"], environment: environment)
            #expect(agent.status == 2)
            #expect(agent.err.contains("there is no /nowhere/sky-agent"))
        }
    }

    @Test(
        "a name that cannot be a run's is refused",
        arguments: ["Big", "a b", "-x", "ä", String(repeating: "a", count: 41)])
    func names(name: String) async {
        let run = await CommandRun(["launch", file, "--name=\(name)"], environment: InstallationFixture.environment())
        #expect(run.status == 2)
        #expect(run.err.contains("--name \(name)"))
    }

    @Test("without any run, status says how to begin")
    func noRuns() async throws {
        try await withTemporaryFolder { home in
            let environment = InstallationFixture.environment(home: home)
            let run = await CommandRun(["status"], environment: environment)
            #expect(run.status == 0)
            #expect(run.err == "no runs yet; begin with sky launch pipeline.yaml\n")
            #expect(
                await CommandRun(["status", "--output", "json"], environment: environment).out.contains("\"runs\" : ["))
        }
    }

    @Test("a run is shown from the journal, found by the beginning of its name, and stays as it ended")
    func ended() async throws {
        try await withTemporaryFolder { home in
            let environment = InstallationFixture.environment(home: home)
            try endedRun("tickets-7k2m", home: home)
            try endedRun("tickets-9q1x", home: home)
            let all = await CommandRun(["status"], environment: environment)
            #expect(all.out.contains("tickets-7k2m  tickets   cancelled"))
            let one = await CommandRun(["status", "tickets-7"], environment: environment)
            #expect(one.out.hasPrefix("tickets-7k2m  cancelled  took"))
            let several = await CommandRun(["status", "tickets"], environment: environment)
            #expect(several.status == 2)
            #expect(several.err.contains("the beginning of 2 runs"))
            let wrong = await CommandRun(["logs", "tickets-7k2n"], environment: environment)
            #expect(wrong.err == "error: no run 'tickets-7k2n'\n  → did you mean 'tickets-7k2m'?\n  → sky status\n")
            for command in ["cancel", "down"] {
                let stop = await CommandRun([command, "tickets-7k2m"], environment: environment)
                #expect(stop.status == 0)
                #expect(stop.err == "tickets-7k2m has ended already: cancelled\n")
            }
        }
    }

    @Test("logs are labelled where there are several, and bare where there is one")
    func logs() async throws {
        try await withTemporaryFolder { home in
            let environment = InstallationFixture.environment(home: home)
            let folder = try endedRun("tickets-7k2m", home: home)
            try SkyTestFiles.write("one\ntwo", to: "\(folder)/clean.1.0.log")
            try SkyTestFiles.write("three\n", to: "\(folder)/train.2.0.log")
            let all = await CommandRun(["logs", "tickets-7k2m"], environment: environment)
            #expect(all.out == "clean   │ one\nclean   │ two\ntrain#2 │ three\n")
            let one = await CommandRun(["logs", "tickets-7k2m", "clean"], environment: environment)
            #expect(one.out == "one\ntwo")
            let followed = await CommandRun(["logs", "-f", "tickets-7k2m", "clean"], environment: environment)
            #expect(followed.out == one.out)
            let wrong = await CommandRun(["logs", "tickets-7k2m", "trian"], environment: environment)
            #expect(wrong.err.contains("did you mean 'train'?"))
        }
    }

    @Test("a run that cannot be picked up is shown all the same")
    func abandoned() async throws {
        try await withTemporaryFolder { home in
            let environment = InstallationFixture.environment(home: home)
            try makeRun("tickets-7k2m", home: home, ended: false)
            let run = await CommandRun(["status", "tickets-7k2m"], environment: environment)
            #expect(run.status == 0)
            #expect(run.err.contains("cannot pick up tickets-7k2m"))
            #expect(run.out.hasPrefix("tickets-7k2m  running"))
        }
    }

    @discardableResult
    private func endedRun(_ name: String, home: String) throws -> String {
        try makeRun(name, home: home, ended: true)
    }

    /// A run as a journal would have it after `sky cancel`, or before anything has happened; its folder of logs.
    @discardableResult
    private func makeRun(_ name: String, home: String, ended: Bool) throws -> String {
        let environment = InstallationFixture.environment(home: home)
        let paths = try SkyPaths(environment: environment)
        try paths.create()
        let folder = StateFolder(path: paths.state)
        let pipeline = try SpecReader.read(path: file).pipeline
        let catalog = try CatalogAccess(.tests(environment)).load()
        let plan = try Planner().plan(pipeline, offers: CatalogOffers(catalog: catalog))
        let run = try #require(RunID(name))
        let journal = try Journal(path: folder.journal)
        let launched = RecordedEvent(.launched(Launch(run: run, pipeline: pipeline, plan: plan)), at: Samples.now)
        #expect(try journal.begin(launched, run: run))
        if ended {
            let stop = RecordedEvent(.stopRequested(.cancel), at: Samples.now)
            try journal.append([stop], to: run, after: 1, runEnded: true)
            #expect(try journal.state(of: run)?.endedAt != nil)
        }
        try SkyTestFiles.makeFolders(folder.logs(of: run))
        return folder.logs(of: run)
    }
}

extension CommandContext {
    static func tests(_ environment: [String: String]) -> CommandContext {
        CommandContext(
            console: Console(out: CapturedOutput(), err: CapturedOutput(), isAnswered: false, ask: { nil }),
            environment: environment, now: { Samples.now }, executable: "/nowhere/sky",
            interruptions: { NoInterruptions() })
    }
}
