import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Plans of pipelines whose inputs are in buckets", .serialized, .timeLimit(.minutes(5)))
struct BucketInputTests {
    /// An installation with a server that says of every object that it has a terabyte.
    private final class Desk: Sendable {
        let folder: String
        let server: LoopbackHTTPServer

        /// - Parameter pause: before an answer; in milliseconds.
        init(_ folder: String, status: Int = 200, pause: Int = 0, settings: String = "buckets: {data: acme/east}")
            throws
        {
            self.folder = folder
            server = try LoopbackHTTPServer { request in
                guard status == 200 else { return [.reply(status)] }
                return [
                    .wait(milliseconds: pause),
                    .send(LoopbackHTTPServer.Step.head(200, headers: [("Content-Length", "1000000000000")])),
                ]
            }
            try FileManager.default.createDirectory(atPath: "\(folder)/config", withIntermediateDirectories: true)
            try write(settings, to: "config/stores.yaml")
            try write(
                """
                name: far
                stages:
                  read:
                    inputs: {raw: s3://data/raw.bin}
                    resources: {cpus: 4+, memory: 16+}
                    estimate: 1h
                    run: echo read
                """, to: "far.yaml")
        }

        deinit { server.stop() }

        func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }

        /// - Parameter limit: long by default, as other tests may keep this machine busy.
        func sky(
            _ arguments: String..., with changes: [String: String] = [:], limit: TimeSpan = .seconds(120)
        ) async -> CommandRun {
            var environment = InstallationFixture.environment(home: folder)
            environment["AWS_ACCESS_KEY_ID"] = "key"
            environment["AWS_SECRET_ACCESS_KEY"] = "secret"
            environment["AWS_EC2_METADATA_DISABLED"] = "true"
            environment["AWS_ENDPOINT_URL"] = server.url
            environment.merge(changes) { $1 }
            return await CommandRun(
                arguments.map { $0.replacing("@", with: folder) }, environment: environment,
                terminal: Terminal(isInteractive: false, width: 100, isColoured: false), lookUpLimit: limit)
        }

        func plain(_ run: CommandRun) -> String {
            run.transcript.replacing(folder, with: "[HERE]").replacing(server.url, with: "[SERVER]")
        }
    }

    @Test("a terabyte pulls its reader to where it is, and the plan file keeps what was found")
    func gravity() async throws {
        try await withTemporaryFolder { folder in
            let desk = try Desk(folder)
            let plan = await desk.sky("plan", "@/far.yaml")
            try expectGolden(desk.plain(plan), "command-plan-bucket.txt")
            #expect(await desk.sky("plan", "@/far.yaml", "-o", "@/plan.json").status == 0)
            let asked = desk.server.requests.count
            let shown = await desk.sky("launch", "--dryrun", "@/plan.json")
            #expect(shown.out == plan.out)
            #expect(desk.server.requests.count == asked, "a plan file is launched as it is")
        }
    }

    @Test("the pipeline's own size wins, and the server is not asked for it")
    func ownSize() async throws {
        try await withTemporaryFolder { folder in
            let desk = try Desk(folder)
            let text = try String(contentsOfFile: "\(folder)/far.yaml", encoding: .utf8)
            try desk.write(
                text.replacing("s3://data/raw.bin", with: "{source: s3://data/raw.bin, size: 1GB}"), to: "far.yaml")
            let plan = await desk.sky("plan", "@/far.yaml")
            #expect(plan.out.contains(try Regex(#"acme/east → nimbus/north +1.00 GB +\$0.0900"#)), "\(plan.out)")
            #expect(desk.server.requests.isEmpty)
        }
    }

    @Test("what cannot be looked up is planned without, and the reason is said")
    func inVain() async throws {
        try await withTemporaryFolder { folder in
            let desk = try Desk(folder)
            let stranger = await desk.sky(
                "plan", "@/far.yaml", with: ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nowhere"])
            try expectGolden(desk.plain(stranger), "command-plan-bucket-stranger.txt")
            let refused = try Desk(folder, status: 403, settings: "")
            try expectGolden(
                refused.plain(await refused.sky("plan", "@/far.yaml")), "command-plan-bucket-refused.txt")
            let unplaced = try Desk(folder, settings: "")
            let plan = await unplaced.sky("plan", "@/far.yaml")
            #expect(plan.status == 0)
            let words = plan.out.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                words.contains("say it in stores.yaml, buckets: {data: provider/region} local"), "\(plan.out)")
        }
    }

    @Test("a server that does not answer holds a plan up for seconds only")
    func silence() async throws {
        try await withTemporaryFolder { folder in
            let desk = try Desk(folder, pause: 300_000)
            let start = ContinuousClock.now
            let plan = await desk.sky("plan", "@/far.yaml", limit: .seconds(1))
            #expect(ContinuousClock.now - start < .seconds(120))
            #expect(plan.status == 0)
            #expect(plan.out.contains("s3://data/raw.bin could not be looked up: "), "\(plan.out)")
        }
    }

    @Test("offline, and without inputs in buckets, nobody is asked")
    func offline() async throws {
        try await withTemporaryFolder { folder in
            let desk = try Desk(folder)
            let plan = await desk.sky("plan", "@/far.yaml", "--offline")
            #expect(plan.status == 0)
            #expect(plan.out.contains("where s3://data/raw.bin is kept is not known"))
            #expect(plan.out.contains("nimbus/north"))
            #expect(await desk.sky("plan", InstallationFixture.pipeline("tickets")).status == 0)
            #expect(desk.server.requests.isEmpty)
        }
    }

    @Test("a bucket at no place is a mistake of stores.yaml, told with its line")
    func wrongPlace() async throws {
        try await withTemporaryFolder { folder in
            let desk = try Desk(folder, settings: "buckets:\n  data: acme\n")
            let plan = await desk.sky("plan", "@/far.yaml")
            #expect(plan.status == 2)
            for part in ["stores.yaml:2:9", "bucket 'data' is at no place", "provider/region"] {
                #expect(plan.err.contains(part), "\(plan.err)")
            }
        }
    }
}
