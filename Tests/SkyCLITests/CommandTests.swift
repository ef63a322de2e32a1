import FoundationEssentials
import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Commands on pipelines and the catalog")
struct CommandTests {
    private let environment = InstallationFixture.environment()
    private let wide = Terminal(isInteractive: false, width: 100, isColoured: false)

    private func sky(_ arguments: String...) async -> CommandRun {
        await CommandRun(arguments, environment: environment, terminal: wide)
    }

    @Test("plan shows where, why, how much and what else there was")
    func plan() async throws {
        let run = await sky("plan", InstallationFixture.pipeline("tickets"))
        try expectGolden(InstallationFixture.withoutPaths(run.transcript), "command-plan.txt")
    }

    @Test("plan writes its documented JSON, and nothing else, to standard output")
    func planJSON() async throws {
        let run = await sky("plan", InstallationFixture.pipeline("tickets"), "--output", "json")
        #expect(run.status == 0)
        #expect(run.err.isEmpty)
        #expect(run.out.hasPrefix("{\n"))
        #expect(run.out.contains("\"policy\" : \"cheapest\""))
    }

    @Test("launch --dryrun is the same as plan, in both formats", arguments: ["text", "json"])
    func dryrun(format: String) async {
        let file = InstallationFixture.pipeline("tickets")
        let plan = await sky("plan", file, "--output", format)
        let dryrun = await sky("launch", "--dryrun", file, "--output", format)
        #expect(dryrun.transcript == plan.transcript)
    }

    @Test("a policy replaces the file's objective, and keeps its limit where it is of the same kind")
    func policy() async {
        let run = await sky("plan", InstallationFixture.pipeline("tickets"), "--policy", "fastest")
        #expect(run.out.contains("as fast as possible · policy fastest"))
    }

    @Test("what no provider has ends with 2, and says what was in the way")
    func impossible() async {
        let run = await sky("plan", InstallationFixture.pipeline("impossible"))
        #expect(run.status == 2)
        #expect(run.err.hasPrefix("error: there is no plan: a stage can run nowhere\n  huge: "))
        #expect(run.out.isEmpty)
    }

    @Test("validate praises what is right and shows all that is wrong, in files and lines")
    func validate() async throws {
        let run = await sky("validate", InstallationFixture.pipeline("tickets"), InstallationFixture.pipeline("broken"))
        try expectGolden(InstallationFixture.withoutPaths(run.transcript), "command-validate.txt")
    }

    @Test("validate writes JSON for editors, of files that are not there too")
    func validateJSON() async {
        let run = await sky("validate", "--output", "json", InstallationFixture.pipeline("tickets"), "/nowhere.yaml")
        #expect(run.status == 2)
        #expect(run.err.isEmpty)
        #expect(run.out.contains("\"file\" : \"/nowhere.yaml\""))
        #expect(run.out.contains("\"valid\" : false"))
    }

    @Test("validate takes values for variables that have none, as its own advice says")
    func validateWithVariables() async throws {
        try await withTemporaryFolder { folder in
            let file = "\(folder)/p.yaml"
            try Data("run: x\nenvs: {TOKEN: }\n".utf8).write(to: URL(filePath: file))
            #expect(await sky("validate", file).err.contains("add --env TOKEN=VALUE to the command"))
            #expect(await sky("validate", file, "--env", "TOKEN=1").status == 0)
            #expect(await sky("validate", file, "--env", "TOKEN").status == 2)
        }
    }

    @Test("every command that reads a pipeline refuses a broken one in the same words")
    func broken() async {
        let file = InstallationFixture.pipeline("broken")
        let expected = await sky("plan", file)
        #expect(expected.status == 2)
        #expect(expected.err.contains("2 errors; nothing was started"))
        #expect(await sky("explain", file).transcript == expected.transcript)
        #expect(await sky("launch", file, "--yes").transcript == expected.transcript)
    }

    @Test("what explain prints is a pipeline that explains itself as the same")
    func explain() async throws {
        let first = await sky("explain", InstallationFixture.pipeline("tickets"), "--env", "SEED=8")
        #expect(first.status == 0)
        #expect(first.out.contains("SEED: \"8\""))
        #expect(await sky("schema").out.contains("\"$schema\""))
    }

    @Test("check says what each provider is good for")
    func check() async throws {
        try expectGolden(await sky("check").transcript, "command-check.txt")
        #expect(await sky("check", "--output", "json").out.contains("\"standing\" : \"stand-in\""))
    }

    @Test("check of some providers tells of these alone, and by its status whether all can be used")
    func checkOfSome() async throws {
        let one = await sky("check", "nimbus")
        #expect(one.status == 0)
        #expect(one.out.contains("nimbus") && !one.out.contains("acme"), "\(one.out)")
        let wrong = await sky("check", "nimbsu")
        #expect(wrong.status == 2)
        #expect(wrong.err == "error: there is no provider 'nimbsu', and no such file\n  → did you mean 'nimbus'?\n")
    }

    @Test("catalog list shows the cheapest first and says how many there are")
    func catalog() async throws {
        try expectGolden(await sky("catalog", "list", "--limit", "4").transcript, "command-catalog.txt")
    }

    @Test(
        "catalog filters do what they say",
        arguments: [
            (["--provider", "nimbus"], 3), (["--accelerator", "a100"], 2), (["--accelerator", "A100:1", "--spot"], 1),
            (["--no-spot"], 7), (["--max-price", "0.1"], 3), (["--cpus", "16+", "--memory", "64"], 3),
            (["--capability", "confidential"], 2), (["--region", "west"], 2), (["--instance", "t1"], 1),
            (["--max-price", "0.001"], 0),
        ] as [([String], Int)])
    func filters(arguments: [String], count: Int) async {
        let run = await CommandRun(["catalog", "list", "--output", "json"] + arguments, environment: environment)
        #expect(run.status == 0)
        #expect(run.out.contains("\"total\" : \(count),"), "\(arguments): \(run.out)")
    }

    @Test(
        "a filter that can only be a mistake is refused",
        arguments: [
            (["--accelerator", "A10O"], "did you mean 'A100' ("), (["--cpus", "many"], "--cpus 8+"),
            (["--max-price", "-1"], "--max-price 0.50"), (["--capability", "confidental"], "'confidential'"),
            (["--provider", "acmee"], "did you mean 'acme'?"), (["--accelerator", "A100:x"], "A100:8"),
            (["--limit", "-1"], "0 or more"), (["--memory", "0"], "--memory 32+"),
        ] as [([String], String)])
    func badFilters(arguments: [String], hint: String) async {
        // `=` keeps a value that begins with a dash from looking like an option.
        let joined = ["catalog", "list", arguments.joined(separator: "=")]
        let run = await CommandRun(joined, environment: environment)
        #expect(run.status == 2)
        #expect(run.err.contains(hint), "\(run.err)")
    }

    @Test("without an installation it says what to set")
    func noInstallation() async {
        let run = await CommandRun(["check"], environment: ["SKY_HOME": "/nowhere"])
        #expect(run.status == 2)
        #expect(run.err.contains("set SKY_ROOT to the folder that holds providers/"))
    }
}
