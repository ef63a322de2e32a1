import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Stages with a deadline, as people see them")
struct DeadlineStageTests {
    private static let pipeline = """
        name: long
        stages:
          train:
            resources: {accelerators: {A100: 1}, use_spot: true}
            deadline: 12h
            checkpoint: 10m
            estimate: 6h
            run: echo train
        """

    private struct Desk {
        let folder: String
        let environment: [String: String]

        init(_ folder: String) throws {
            self.folder = folder
            var environment = InstallationFixture.environment()
            try FileManager.default.copyItem(atPath: environment["SKY_ROOT"] ?? "", toPath: "\(folder)/root")
            environment["SKY_ROOT"] = "\(folder)/root"
            self.environment = environment
            try write("p.yaml", pipeline)
        }

        func write(_ file: String, _ text: String) throws {
            try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
        }

        func sky(_ arguments: String...) async -> CommandRun {
            await CommandRun(
                arguments.map { $0.replacing("@", with: folder) }, environment: environment,
                terminal: Terminal(isInteractive: false, width: 100, isColoured: false),
                now: Instant(millisecondsSince1970: 1_800_000_000_000))
        }

        func plain(_ run: CommandRun) -> String { run.transcript.replacing(folder, with: "[HERE]") }
    }

    private func withDesk(_ body: (Desk) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in try await body(try Desk(folder)) }
    }

    @Test("a plan says that the stage is on spot while it can wait, and what on demand would cost")
    func screen() async throws {
        try await withDesk { desk in
            try expectGolden(desk.plain(await desk.sky("plan", "@/p.yaml", "--confidence")), "plan-deadline.txt")
            try expectGolden(desk.plain(await desk.sky("plan", "@/p.yaml", "--explain")), "plan-deadline-explain.txt")
        }
    }

    @Test("the JSON has the terms, and null for stages without")
    func json() async throws {
        try await withDesk { desk in
            try expectGolden(await desk.sky("plan", "@/p.yaml", "--output", "json").out, "plan-deadline.json")
            try desk.write("plain.yaml", Self.pipeline.replacing("    deadline: 12h\n", with: ""))
            #expect(await desk.sky("plan", "@/plain.yaml", "--output", "json").out.contains("\"deadline\" : null"))
        }
    }

    @Test("a plan file keeps the terms, and is stale when the way out on demand costs something else")
    func planFile() async throws {
        try await withDesk { desk in
            #expect(await desk.sky("plan", "@/p.yaml", "-o", "@/plan.json").status == 0)
            let shown = await desk.sky("launch", "--dryrun", "@/plan.json", "--output", "json")
            #expect(shown.status == 0)
            #expect(await desk.sky("plan", "@/p.yaml", "--output", "json").out == shown.out)
            let offers = "\(desk.folder)/root/providers/acme/offers.csv"
            let text = try String(contentsOfFile: offers, encoding: .utf8)
            try text.replacing("85,3.5,", with: "85,3.75,").write(toFile: offers, atomically: true, encoding: .utf8)
            try expectGolden(desk.plain(await desk.sky("launch", "@/plan.json", "--yes")), "plan-deadline-stale.txt")
        }
    }

    @Test(
        "deadlines that cannot be are refused with the reason",
        arguments: [
            ("short", "12h", "5h"), ("service", "estimate: 6h", "service: {port: 80}"),
            ("on-demand", ", use_spot: true", ""),
        ])
    func mistakes(name: String, old: String, new: String) async throws {
        try await withDesk { desk in
            try desk.write("\(name).yaml", Self.pipeline.replacing(old, with: new))
            try expectGolden(desk.plain(await desk.sky("plan", "@/\(name).yaml")), "plan-deadline-\(name).txt")
        }
    }
}
