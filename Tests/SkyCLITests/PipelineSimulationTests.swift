import Testing

@testable import SkyCLI

/// `sky simulate FILE…`
@Suite("Simulating runs of pipelines")
struct PipelineSimulationTests {
    private let file = InstallationFixture.pipeline("tickets")

    private func simulate(_ arguments: [String]) async -> CommandRun {
        await CommandRun(["simulate"] + arguments, environment: InstallationFixture.environment())
    }

    @Test("a sweep says how many seeds stood, how runs ended and what went wrong")
    func sweep() async {
        let run = await simulate([file, "--seeds", "10", "--runs", "2"])
        #expect(run.status == 0, "\(run.err)")
        #expect(run.out.contains("seeds          10, from 1 on"))
        #expect(run.out.contains("runs           20:"))
        #expect(run.out.contains("invariants held"))
    }

    @Test("JSON has the same figures, and no fall")
    func json() async {
        let run = await simulate([file, "--seed", "5", "--output", "json"])
        #expect(run.status == 0, "\(run.err)")
        for field in [#""fall" : null"#, #""first_seed" : 5"#, #""seeds" : 1"#, #""metered_usd" : ""#] {
            #expect(run.out.contains(field), "\(field)")
        }
    }

    @Test("a journal is written a line per event, the same each time")
    func journal() async {
        let run = await simulate([file, "--seed", "5", "--runs", "1", "--journal"])
        #expect(run.status == 0, "\(run.err)")
        #expect(run.out.hasPrefix("{\"at\":"))
        #expect(await simulate([file, "--seed", "5", "--runs", "1", "--journal"]).out == run.out)
    }

    @Test("without faults every run succeeds")
    func calm() async {
        let run = await simulate([file, "--only-fault", "none", "--seeds", "2", "--runs", "1"])
        #expect(run.out.contains("runs           2: 2 succeeded"), "\(run.out)\(run.err)")
    }

    @Test(
        "wrong arguments end with 2, and say what would be right",
        arguments: [
            (["--runs", "0"], "--runs 0: expected 1 to 4000"), (["--seeds", "0"], "--seeds 0: expected 1 or more"),
            (["--only-run", "9"], "--only-run 9: expected 0 to 3"),
            (["--only-stage", "trian"], "did you mean 'train'?"),
            (["--only-fault", "kil:1a"], "did you mean 'kill:…'?"),
            (["--faults", "/nowhere.yaml"], "there is no such file"), (["--output", "csv"], "text or json"),
        ])
    func wrong(arguments: [String], complaint: String) async {
        let run = await simulate([file] + arguments)
        #expect(run.status == 2)
        #expect(run.err.contains(complaint), "\(run.err)")
    }

    @Test("with neither a pipeline nor a trace it says what there is to type")
    func nothing() async {
        let run = await simulate([])
        #expect(run.status == 2)
        #expect(run.err.contains("expected a pipeline's file, or --trace"))
    }
}
