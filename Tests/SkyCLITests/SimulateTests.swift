import FoundationEssentials
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Simulating jobs with deadlines")
struct SimulateTests {
    private let wide = Terminal(isInteractive: false, width: 120, isColoured: false)
    private let traces = InstallationFixture.traces
    /// Short jobs, so that tests are.
    private let small = ["--work", "3h", "--deadline", "5h", "--starts", "2"]

    private func simulate(_ arguments: [String]) async -> CommandRun {
        await CommandRun(["simulate"] + arguments, terminal: wide)
    }

    @Test("a line per trace, the cheapest policies beside the optimum, short traces said to be skipped")
    func comparison() async throws {
        let run = await simulate(
            ["--trace", traces, "-p", "on-demand", "-p", "greedy", "-p", "uniform-progress"] + small)
        try expectGolden(InstallationFixture.withoutPaths(run.transcript), "simulate.txt")
    }

    @Test("a line per policy and a column per folder")
    func evaluation() async throws {
        let run = await simulate(
            ["--trace", "\(traces)/coast", "--trace", "\(traces)/plain/field_four.json", "--evaluate", "-p", "up-1d"]
                + ["-p", "time-sliced-4h", "-p", "next-spot", "--changeover", "5m", "--changeover", "10m"] + small)
        try expectGolden(InstallationFixture.withoutPaths(run.transcript), "simulate-evaluate.txt")
    }

    @Test("JSON and CSV have the same rows")
    func machineReadable() async throws {
        let arguments = ["--trace", "\(traces)/coast/harbour_a.json", "-p", "greedy"] + small
        let json = await simulate(arguments + ["--output", "json", "--evaluate", "--changeover", "5m"])
        try expectGolden(json.out, "simulate.json")
        let csv = await simulate(arguments + ["--output", "csv", "--changeover", "5m"])
        try expectGolden(csv.out, "simulate.csv")
    }

    @Test("without a wish, the policies worth comparing are shown, ours among them")
    func usual() async throws {
        let always = "[" + Array(repeating: "1", count: 40).joined(separator: ", ") + "]"
        let run = try await withTemporaryFolder { folder in
            try Data(#"{"metadata": {"gap_seconds": 600}, "data": \#(always)}"#.utf8)
                .write(to: URL(filePath: "\(folder)/trace.json"))
            return await simulate(["--trace", folder] + small)
        }
        #expect(run.status == 0)
        #expect(run.out.contains("ON-DEMAND  GREEDY  UNIFORM-PROGRESS  EXPECTED-COST  OPTIMUM"))
        #expect(run.out.contains("$10.20   31.8%             31.8%          31.8%    31.8%"))
    }

    @Test(
        "a file that is no trace ends with 2, and says what was expected",
        arguments: [
            (#"{"metadata": {}, "data": [1]}"#, "metadata.gap_seconds is missing"),
            (#"{"metadata": {"gap_seconds": 0}, "data": [1]}"#, "a time above zero is needed"),
            (#"{"metadata": {"gap_seconds": 60}, "data": [1, "x"]}"#, "data[1] is not of the kind"),
            (#"{"metadata": {"gap_seconds": 60}, "data": [1, -1]}"#, "data[1] is -1.0: a number of machines"),
            (#"{"metadata": {"gap_seconds": 60}, "data": []}"#, "data is empty"),
            ("[1, 0]", "not"), ("spot", "it is not JSON"),
        ])
    func badFile(content: String, complaint: String) async throws {
        let run = try await withTemporaryFolder { folder in
            try Data(content.utf8).write(to: URL(filePath: "\(folder)/trace.json"))
            return await simulate(["--trace", folder])
        }
        #expect(run.status == 2)
        #expect(run.err.contains("is not a spot trace"))
        #expect(run.err.contains(complaint))
        #expect(run.err.contains(#"expected {"metadata": {"gap_seconds": 600}, "data": [1, 0, …]}"#))
    }

    @Test(
        "wrong arguments end with 2, and say what would be right",
        arguments: [
            (["--deadline", "40h"], "48h of work and a start of 12m do not fit into 40h"),
            (["--policy", "greed"], "did you mean 'greedy'?"),
            (["--starts", "0"], "--starts 0: expected 1 or more"),
            (["--nodes", "0"], "--nodes 0: expected 1 or more"),
            (["--spot-price", "cheap"], "such as --spot-price 0.9731"),
            (["--deadline", "400h"], "no trace is long enough for a deadline of 400h"),
        ])
    func badArguments(arguments: [String], complaint: String) async {
        let run = await simulate(["--trace", "\(traces)/coast"] + arguments)
        #expect(run.status == 2)
        #expect(run.err.contains(complaint))
    }

    @Test("a place without traces is said to have none")
    func noTraces() async {
        #expect(await simulate(["--trace", "/nowhere"]).err.contains("no trace at /nowhere"))
    }
}
