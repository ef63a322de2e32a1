import Glibc
import SkyCore
import SkyProcess
import Testing

@testable import SkyRuntime

@Suite("a job's life", .timeLimit(.minutes(5)))
struct JobLifeTests {
    @Test(
        "a job ends with the code of its last command",
        arguments: [
            ("true", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137),
            ("no-such-command-anywhere", 127), ("exit 255", 255),
        ])
    func exitCodes(command: String, code: Int) async throws {
        try await withAgent { _, agent in
            let state = try await agent.submit(JobSpec(id: "j", run: command))
            #expect(state == .running)
            #expect(try await agent.waitForExit(ofJob: "j") == code)
            #expect(try await agent.state(ofJob: "j") == .exited(code: code))
            #expect(try await agent.waitForExit(ofJob: "j") == code)
        }
    }

    @Test("setup comes first, and a failed one is the end")
    func setup() async throws {
        try await withAgent { _, agent in
            _ = try await agent.submit(JobSpec(id: "good", setup: "echo setup", run: "echo run"))
            _ = try await agent.submit(JobSpec(id: "bad", setup: "echo setup; exit 3", run: "echo run"))
            #expect(try await agent.wholeLog(ofJob: "good") == "setup\nrun\n")
            #expect(try await agent.waitForExit(ofJob: "good") == 0)
            #expect(try await agent.wholeLog(ofJob: "bad") == "setup\n")
            #expect(try await agent.waitForExit(ofJob: "bad") == 3)
        }
    }

    @Test("submitting twice is submitting once, while it runs and after")
    func submitTwice() async throws {
        try await withAgent { _, agent in
            let job = JobSpec(id: "j", run: "echo x >> count; while [ ! -e go ]; do sleep 0.01; done")
            for _ in 0..<5 {
                let state = try await agent.submit(job)
                #expect(state == .running)
            }
            _ = try await agent.submit(JobSpec(id: "go", run: "touch go"))
            #expect(try await agent.waitForExit(ofJob: "j") == 0)
            #expect(try await agent.submit(job) == .exited(code: 0))
            _ = try await agent.submit(JobSpec(id: "count", run: "exit $(wc -l < count)"))
            #expect(try await agent.waitForExit(ofJob: "count") == 1)
        }
    }

    @Test("waits, logs and questions overlap on one connection")
    func overlap() async throws {
        try await withAgent { _, agent in
            let command = "echo begun; while [ ! -e go ]; do sleep 0.01; done; echo done; exit 4"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            async let code = agent.waitForExit(ofJob: "j")
            async let log = agent.wholeLog(ofJob: "j")
            async let other = agent.wholeLog(ofJob: "j")
            #expect(try await agent.state(ofJob: "j") == .running)
            _ = try await agent.submit(JobSpec(id: "go", run: "touch go"))
            #expect(try await agent.waitForExit(ofJob: "go") == 0)
            #expect(try await code == 4)
            #expect(try await log == "begun\ndone\n")
            #expect(try await other == "begun\ndone\n")
        }
    }

    @Test("a job sees its variables and the usual few, and nothing else of the agent's")
    func environment() async throws {
        try await withAgent { node, agent in
            let environment = ["LETTER": "λ two\nlines", "HOME": "/nowhere"]
            _ = try await agent.submit(JobSpec(id: "j", run: "cat /proc/$$/environ", environment: environment))
            let variables = try await agent.wholeLog(ofJob: "j").split(separator: "\0")
            #expect(variables.contains("LETTER=λ two\nlines"))
            #expect(variables.contains("HOME=/nowhere"))
            #expect(variables.contains("SKY_JOB_DIR=\(node.directory)/jobs/j"))
            let names = Set(variables.compactMap { $0.split(separator: "=").first })
            #expect(names.subtracting(["LANG", "TMPDIR"]) == ["HOME", "LETTER", "PATH", "SKY_JOB_DIR"])
        }
    }

    @Test("a job runs in its working directory, which is made for it")
    func workingDirectory() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "pwd", workingDirectory: "a/b"))
            #expect(try await agent.wholeLog(ofJob: "j") == "\(node.directory)/a/b\n")
        }
    }

    @Test("what a job leaves in the background goes when it ends")
    func leftovers() async throws {
        try await withAgent { node, agent in
            let command = "setsid sh -c 'trap \"\" TERM; touch there; sleep 100' & while [ ! -e there ]; do :; done"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            #expect(try await agent.waitForExit(ofJob: "j") == 0)
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test(
        "a job that cannot be is refused, with the reason",
        arguments: [
            (JobSpec(id: "../x", run: "true"), "cannot be a job's id"),
            (JobSpec(id: "a/b", run: "true"), "cannot be a job's id"),
            (JobSpec(id: ".x", run: "true"), "cannot be a job's id"),
            (JobSpec(id: "", run: "true"), "cannot be a job's id"),
            (JobSpec(id: String(repeating: "x", count: 201), run: "true"), "cannot be a job's id"),
            (JobSpec(id: "j", run: "true", workingDirectory: "/tmp"), "not inside the node's directory"),
            (JobSpec(id: "j", run: "true", workingDirectory: "a/../../b"), "not inside the node's directory"),
            (JobSpec(id: "j", run: "true", workingDirectory: ""), "not inside the node's directory"),
            (JobSpec(id: "j", run: "true\0"), "null byte"),
            (JobSpec(id: "j", run: "true", environment: ["A=B": "1"]), "name of a variable"),
            (JobSpec(id: "j", run: "true", environment: ["A": "\0"]), "null byte"),
            (
                JobSpec(id: "j", run: "true", environment: ["A": String(repeating: "x", count: 1 << 17)]),
                "longer than 128 KiB"
            ),
        ])
    func refusals(job: JobSpec, reason: String) async throws {
        try await withAgent { node, agent in
            let error = await #expect(throws: AgentError.self) { try await agent.submit(job) }
            #expect(error?.kind == .refused)
            #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
            #expect(Files.names(in: "\(node.directory)/jobs").isEmpty)
        }
    }

    @Test("a command may be longer than an argument may be")
    func longCommand() async throws {
        try await withAgent { _, agent in
            let command = ": \(String(repeating: "x", count: 300_000))\necho end"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            #expect(try await agent.wholeLog(ofJob: "j") == "end\n")
        }
    }

    @Test("a job that cannot be started says why in its log")
    func cannotStart() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "file", run: "touch ../thing"))
            _ = try await agent.waitForExit(ofJob: "file")
            _ = try await agent.submit(JobSpec(id: "j", run: "true", workingDirectory: "thing/below"))
            #expect(try await agent.waitForExit(ofJob: "j") == 126)
            let log = try await agent.wholeLog(ofJob: "j")
            #expect(log.hasPrefix("sky-agent: cannot make the folder \(node.directory)/thing/below: "))
        }
    }

    @Test("of a job that was never submitted nothing is known")
    func unknown() async throws {
        try await withAgent { _, agent in
            let state = try await agent.state(ofJob: "nope")
            #expect(state == nil)
            try await agent.kill(job: "nope", grace: .zero)
            let error = await #expect(throws: AgentError.self) { try await agent.waitForExit(ofJob: "nope") }
            #expect(error?.kind == .refused)
            await #expect(throws: AgentError.self) { try await agent.wholeLog(ofJob: "nope") }
        }
    }
}
