import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Usage")
struct UsageTests {
    @Test("help goes to standard output and ends with 0", arguments: [["--help"], ["help"], []])
    func help(arguments: [String]) async {
        let run = await CommandRun(arguments)
        #expect(run.status == 0)
        #expect(run.out.contains("sky plan pipeline.yaml"))
        #expect(run.err.isEmpty)
    }

    @Test("each command has an abstract, and examples of how to type it")
    func examples() async throws {
        for name in RootCommand.subcommandNames where name != "catalog" {
            let run = await CommandRun([name, "--help"])
            #expect(run.status == 0)
            #expect(run.out.contains("EXAMPLES"), "sky \(name) --help has no examples")
            #expect(run.out.contains("sky \(name) "), "sky \(name) --help does not show itself")
        }
        #expect(await CommandRun(["catalog", "list", "--help"]).out.contains("sky catalog list --accelerator A100:8"))
    }

    @Test("no help text is wider than 100 columns")
    func width() async {
        let all = RootCommand.subcommandNames.map { [$0, "--help"] } + [["--help"], ["catalog", "list", "--help"]]
        for arguments in all {
            let long = await CommandRun(arguments).out.split(separator: "\n").filter { $0.count > 100 }
            #expect(long.isEmpty, "\(arguments): \(long)")
        }
    }

    @Test("the version is a bare number")
    func version() async {
        #expect(await CommandRun(["--version"]).out == "\(SkyVersion.text)\n")
    }

    @Test(
        "wrong usage ends with 2, on the error stream, with what would be right",
        arguments: [
            (["--foo"], "Unknown option '--foo'"),
            (["lanch"], "no command 'lanch'"),
            (["validate"], "Missing expected argument"),
            (["validate", "--output", "xml", "a.yaml"], "The value 'xml' is invalid"),
            (["completions", "tcsh"], "The value 'tcsh' is invalid"),
            (["catalog", "list", "--spoot"], "Unknown option '--spoot'"),
            (["catalog", "lst"], "Unexpected argument 'lst'"),
            (["catalog", "list", "--limit", "x"], "The value 'x' is invalid"),
        ])
    func mistakes(arguments: [String], message: String) async {
        let run = await CommandRun(arguments)
        #expect(run.status == 2)
        #expect(run.out.isEmpty)
        #expect(run.err.hasPrefix("error: "))
        #expect(run.err.contains(message))
        #expect(!run.err.contains("Error:"))
    }

    @Test("a misspelt command gets the nearest one")
    func nearest() async {
        #expect(
            await CommandRun(["plam"]).err == "error: no command 'plam'\n  → did you mean 'sky plan'?\n  → sky --help\n"
        )
    }

    @Test("completion scripts are made for each shell, by both ways of asking", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async {
        let friendly = await CommandRun(["completions", shell])
        #expect(friendly.status == 0)
        #expect(friendly.out.contains("catalog"))
        #expect(await CommandRun(["--generate-completion-script", shell]).out == friendly.out)
    }

    @Test("a reader that goes away is no error")
    func brokenPipe() {
        let out = CapturedOutput(patience: 0)
        let err = CapturedOutput()
        let context = CommandContext(
            console: Console(out: out, err: err, isAnswered: false, ask: { nil }), environment: [:],
            now: { Instant(millisecondsSince1970: 0) }, executable: "/nowhere/sky",
            interruptions: { NoInterruptions() })
        #expect(SkyCommandLine.run(["--help"], in: context) == 0)
        #expect(err.text.isEmpty)
    }
}

@Suite("Variables of the pipeline")
struct VariableTests {
    private func variables(_ texts: [String], environment: [String: String] = [:]) throws -> [String: String] {
        try PipelineArguments.variables(texts, environment: environment)
    }

    @Test("values may hold anything, and the last one of a name wins")
    func values() throws {
        #expect(try variables(["A=1", "B=x=y", "A=2", "C="]) == ["A": "2", "B": "x=y", "C": ""])
    }

    @Test("a bare name is taken from the environment")
    func inherited() throws {
        #expect(try variables(["TOKEN"], environment: ["TOKEN": "t"]) == ["TOKEN": "t"])
        let failure = #expect(throws: CommandFailure.self) { try variables(["TOKEN"]) }
        #expect(failure?.hints == ["--env TOKEN=value"])
    }

    @Test("what is no name is refused", arguments: ["=1", "1A=x", "A-B=x", "Ä=x", "", "A B=1"])
    func names(text: String) {
        #expect(throws: CommandFailure.self) { try variables([text]) }
    }
}
