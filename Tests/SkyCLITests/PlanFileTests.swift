import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Plan files")
struct PlanFileTests {
    /// An installation of its own in a folder of its own, for tests that change its prices or its pipeline.
    private struct Desk {
        let folder: String
        var now = Instant(millisecondsSince1970: 1_800_000_000_000)
        /// `SKY_HOME`; nil: the fixture's own.
        var home: String?

        init(_ folder: String) throws {
            self.folder = folder
            let environment = InstallationFixture.environment()
            try FileManager.default.copyItem(atPath: environment["SKY_ROOT"] ?? "", toPath: "\(folder)/root")
            try FileManager.default.copyItem(
                atPath: InstallationFixture.pipeline("tickets"), toPath: "\(folder)/tickets.yaml")
        }

        func sky(_ arguments: String...) async -> CommandRun {
            var environment = InstallationFixture.environment()
            environment["SKY_ROOT"] = "\(folder)/root"
            if let home { environment["SKY_HOME"] = home }
            return await CommandRun(
                arguments.map { $0.replacing("@", with: folder) }, environment: environment,
                terminal: Terminal(isInteractive: false, width: 100, isColoured: false), now: now)
        }

        func edit(_ file: String, _ old: String, _ new: String) throws {
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            try #require(text.contains(old))
            try text.replacing(old, with: new).write(
                toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
        }

        func plain(_ run: CommandRun) -> String { run.transcript.replacing(folder, with: "[HERE]") }
    }

    private func withDesk(_ body: (inout Desk) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            var desk = try Desk(folder)
            try await body(&desk)
        }
    }

    @Test("a plan that was written down is the plan that launch shows")
    func roundTrip() async throws {
        try await withDesk { desk in
            let written = await desk.sky("plan", "@/tickets.yaml", "-o", "@/plan.json")
            #expect(written.status == 0 && written.out.isEmpty)
            #expect(written.err.contains("sky launch \(desk.folder)/plan.json"))
            let shown = await desk.sky("launch", "--dryrun", "@/plan.json", "--output", "json")
            #expect(shown.status == 0 && shown.err.isEmpty)
            #expect(await desk.sky("plan", "@/tickets.yaml", "--output", "json").out == shown.out)
        }
    }

    @Test("a plan whose prices have moved is refused, and old and new stand side by side")
    func prices() async throws {
        try await withDesk { desk in
            _ = await desk.sky("plan", "@/tickets.yaml", "-o", "@/plan.json")
            try desk.edit("root/providers/acme/offers.csv", "85,3.5,", "85,3.75,")
            try expectGolden(desk.plain(await desk.sky("launch", "@/plan.json", "--yes")), "plan-file-stale.txt")
            try expectGolden(
                desk.plain(await desk.sky("plan", "@/tickets.yaml", "--diff", "@/plan.json")), "plan-file-diff.txt")
            #expect(
                await desk.sky("plan", "@/tickets.yaml", "--diff", "@/plan.json", "--output", "json").out
                    .contains("\"is_different\" : true"))
        }
    }

    @Test("a plan is stale when its file has changed, its offer is gone, or its time is over, and says all at once")
    func reasons() async throws {
        try await withDesk { desk in
            _ = await desk.sky("plan", "@/tickets.yaml", "-o", "@/plan.json", "--valid-for", "1h")
            #expect(await desk.sky("launch", "--dryrun", "@/plan.json").status == 0)
            try desk.edit("root/providers/nimbus/offers.csv", "t1,north", "t9,north")
            try desk.edit("tickets.yaml", "6h", "7h")
            desk.now = desk.now + .seconds(3 * 3600)
            try expectGolden(desk.plain(await desk.sky("launch", "@/plan.json", "--yes")), "plan-file-reasons.txt")
        }
    }

    @Test("a plan carries the quotas known, and is stale when they have changed, old beside new")
    func quotas() async throws {
        try await withDesk { desk in
            let own = "\(desk.folder)/home/config/providers/acme"
            func know(_ quotas: String) throws {
                try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
                try "name: acme\nquotas: \(quotas)\n".write(
                    toFile: "\(own)/provider.yaml", atomically: true, encoding: .utf8)
            }
            desk.home = "\(desk.folder)/home"
            try know("[{machines: 9}, {types: nothing, cpus: 4}]")
            _ = await desk.sky("plan", "@/tickets.yaml", "-o", "@/plan.json")
            let text = try String(contentsOfFile: "\(desk.folder)/plan.json", encoding: .utf8)
            #expect(text.contains("\"quotas\"") && text.contains("\"limit\" : 9"))
            #expect(await desk.sky("launch", "--dryrun", "@/plan.json").status == 0)
            try know("[{machines: 8}]")
            let stale = await desk.sky("launch", "@/plan.json", "--yes")
            #expect(stale.status == 2)
            #expect(stale.err.contains("the quota known of acme: 9 machines → 8 machines"))
            #expect(stale.err.contains("the quota known of acme nothing: 4 CPUs → none"))
            try know("[{machines: 0}]")
            let none = await desk.sky("launch", "@/plan.json", "--yes")
            #expect(none.status == 2 && none.err.contains("9 machines → 0 machines"))
            #expect(none.err.contains("more than the account may rent (acme: 0 machines)"))
        }
    }

    @Test("a plan outlives its pipeline's file, and nothing is different while nothing changes")
    func orphan() async throws {
        try await withDesk { desk in
            _ = await desk.sky("plan", "@/tickets.yaml", "-o", "@/plan.json")
            #expect(await desk.sky("plan", "@/tickets.yaml", "--diff", "@/plan.json").out == "= nothing is different\n")
            try FileManager.default.removeItem(atPath: "\(desk.folder)/tickets.yaml")
            #expect(await desk.sky("launch", "--dryrun", "@/plan.json").status == 0)
        }
    }

    @Test("what is no plan file, or one that cannot be read, is told so")
    func mistakes() async throws {
        try await withDesk { desk in
            _ = await desk.sky("plan", "@/tickets.yaml", "-o", "@/plan.json")
            let missing = await desk.sky("plan", "@/tickets.yaml", "--diff", "@/nowhere.json")
            #expect(missing.status == 2 && missing.err.contains("there is no such file"))
            let other = await desk.sky("plan", "@/tickets.yaml", "--diff", "@/tickets.yaml")
            #expect(other.status == 2 && other.err.contains("this is no plan file"))
            let early = await desk.sky("launch", "@/plan.json", "--policy", "fastest", "--yes")
            #expect(early.status == 2 && early.err.contains("had their say when it was made"))
            try desk.edit("plan.json", "\"version\" : 1,\n  \"prov", "\"version\" : 7,\n  \"prov")
            let version = await desk.sky("launch", "@/plan.json", "--yes")
            #expect(version.status == 2 && version.err.contains("has version 7"))
            try "{\"kind\":\"sky-plan\",\"version\":1}".write(
                toFile: "\(desk.folder)/plan.json", atomically: true, encoding: .utf8)
            let damaged = await desk.sky("launch", "@/plan.json", "--yes")
            #expect(damaged.status == 2 && damaged.err.contains("damaged"))
            #expect(await desk.sky("plan", "@/tickets.yaml", "-o", "plan.txt").status == 2)
        }
    }

    @Test(
        "tariffs for a comparison that are free or ten times off do not win unnoticed",
        arguments: [
            ("0", "ask nothing from acme/"), ("0.009", "ask $0.0090 per GB from acme/"), ("0.05", ""),
            ("0.9", "ask $0.9000 per GB from acme/"),
        ])
    func doubtfulTariffs(price: String, doubt: String) async throws {
        try await withDesk { desk in
            try "from,to,usd_per_gb\nacme/*,*,\(price)\nnimbus/*,*,0.1\n".write(
                toFile: "\(desk.folder)/tariffs.csv", atomically: true, encoding: .utf8)
            let run = await desk.sky("plan", "@/tickets.yaml", "--tariffs", "@/tariffs.csv", "--output", "json")
            #expect(run.status == 0)
            #expect(run.out.contains("these tariffs") != doubt.isEmpty, "\(run.out)")
            #expect(doubt.isEmpty || run.out.contains(doubt))
        }
    }

    @Test("the outlook says what it comes to when things go well, as expected, and badly")
    func outlook() async throws {
        let run = await CommandRun(
            ["plan", InstallationFixture.pipeline("tickets"), "--confidence"],
            environment: InstallationFixture.environment(),
            terminal: Terminal(isInteractive: false, width: 100, isColoured: false))
        #expect(run.out.contains("OUTLOOK") && run.out.contains("expected  $23.13"), "\(run.out)")
    }
}
