import FoundationEssentials
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Why, and why not")
struct ExplainTests {
    private let environment = InstallationFixture.environment()
    private let wide = Terminal(isInteractive: false, width: 100, isColoured: false)

    private func sky(_ arguments: String...) async -> CommandRun {
        await CommandRun(arguments, environment: environment, terminal: wide)
    }

    private func plan(_ text: String, _ arguments: String...) async throws -> CommandRun {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/p.yaml"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let run = await CommandRun(["plan", path] + arguments, environment: environment, terminal: wide)
            return CommandRun(
                status: run.status, out: run.out, err: run.err.replacing(folder, with: "[HERE]"))
        }
    }

    @Test("an explanation says what fell to what, what giving it up saves, and what the data's place decided")
    func explains() async throws {
        try expectGolden(
            await sky("plan", InstallationFixture.pipeline("tickets"), "--explain").transcript,
            "command-plan-explain.txt")
        let json = await sky("plan", InstallationFixture.pipeline("tickets"), "--explain", "--output", "json")
        #expect(json.status == 0 && json.out.contains("\"nearest_miss\" : null"))
    }

    @Test("the frontier is numbered from cheapest to fastest, and one of it can be taken")
    func frontier() async throws {
        let file = InstallationFixture.pipeline("tickets")
        try expectGolden(await sky("plan", file, "--frontier").transcript, "command-plan-frontier.txt")
        #expect(await sky("plan", file, "--frontier", "--pick", "1").out.contains("frontier, plan 1 of"))
        let beyond = await sky("plan", file, "--pick", "99")
        #expect(beyond.status == 2 && beyond.err.contains("--pick 99: the frontier has plans 1 to"))
        #expect(await sky("plan", file, "--frontier", "-o", "x.json").status == 2)
    }

    @Test("when nothing fits, every constraint says how many offers it cost, and the nearest miss is named")
    func nothingFits() async throws {
        let run = try await plan(
            """
            name: none
            stages:
              huge: {resources: {cpus: 16+, memory: 512+, capabilities: [confidential]}, run: echo}
            """)
        try expectGolden(run.transcript, "command-plan-nothing-fits.txt")
    }

    @Test("names that only the catalog can know to be wrong are told at their places, all at once")
    func unknownNames() async throws {
        let run = try await plan(
            """
            name: typos
            stages:
              one: {resources: {instance_type: m.lage}, run: echo}
              two: {resources: {infra: acme/eats, capabilities: [confidental]}, run: echo}
              three:
                resources: {any_of: [{instance_type: nowhere.big}, {instance_type: m.large}]}
                run: echo
            """)
        try expectGolden(run.transcript, "command-plan-unknown-names.txt")
    }
}
