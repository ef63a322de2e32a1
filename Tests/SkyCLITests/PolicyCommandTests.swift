import SkyCore
import SkyPlacement
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Choosing policies") struct PolicyCommandTests {
    private let environment = InstallationFixture.environment()
    private let wide = Terminal(isInteractive: false, width: 100, isColoured: false)

    private func sky(_ arguments: String...) async -> CommandRun {
        await CommandRun(arguments, environment: environment, terminal: wide)
    }

    @Test("policies lists what there is, for people and for programs")
    func list() async throws {
        try expectGolden(await sky("policies").transcript, "command-policies.txt")
        try expectGolden(await sky("policies", "--output", "json").out, "policies.json")
    }

    @Test("a policy's plan says what it made small, and what it has to say")
    func carbon() async throws {
        let run = await sky("plan", InstallationFixture.pipeline("tickets"), "--policy", "carbon")
        try expectGolden(InstallationFixture.withoutPaths(run.transcript), "command-plan-carbon.txt")
    }

    @Test("a policy that is not understood is refused with what would be right")
    func mistakes() async throws {
        let file = InstallationFixture.pipeline("tickets")
        var page = ""
        for arguments in [
            ["--policy", "chepest"], ["--policy", "within-deadline"], ["--policy", "residency:eu then"],
            ["--policy", "exec:/no/such/policy.py"], ["--policy", "fastest", "--policy-timeout", "30"],
            ["--policy", "residency:atlantis"], ["--policy", "within-deadline:1s"],
        ] {
            let run = await CommandRun(["plan", file] + arguments, environment: environment, terminal: wide)
            page += "sky plan \(arguments.joined(separator: " "))\n\(run.transcript)\n"
        }
        try expectGolden(page, "command-plan-policy-mistakes.txt")
    }

    @Test("a program that fails ends the plan with its last words")
    func program() async {
        let run = await sky("plan", InstallationFixture.pipeline("tickets"), "--policy", "exec:/bin/ls /no/such/folder")
        #expect(run.status == 2)
        #expect(run.out.isEmpty)
        #expect(
            run.err.hasPrefix(
                "error: policy 'exec:/bin/ls /no/such/folder' failed: it ended with exit code 2 before it answered\n  | "
            ))
    }

    @Test("completion scripts know the policies", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async {
        let script = await sky("completions", shell).out
        for name in ["cheapest", "within-deadline:", "spot-first"] { #expect(script.contains(name)) }
    }

    @Test("a pipeline's policy has its programs beside the file, and a run carries them as absolute paths")
    func fromPipeline() throws {
        var pipeline = Pipeline(name: "p", stages: [Stage(name: "a")], directory: "/bin")
        pipeline.policy = "exec:./true then fastest"
        let context = CommandRun.context(environment: environment)
        let (policy, wanted) = try PolicyAccess(context).policy(for: pipeline, option: nil)
        #expect(policy.name == "exec:./true, then fastest")
        #expect(wanted.policy?.hasSuffix("/bin/true then fastest") == true)
        #expect(wanted.objective == .time)
        // The command line wins.
        let (other, same) = try PolicyAccess(context).policy(for: pipeline, option: "cheapest")
        #expect(other.name == "cheapest")
        #expect(same.policy == "cheapest")
        #expect(same.objective == .cost)
    }
}
