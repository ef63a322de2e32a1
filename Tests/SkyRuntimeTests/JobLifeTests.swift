import SkyCore
import SkyProcess
import Testing

@testable import SkyRuntime

@Suite("a job's life", .timeLimit(.minutes(1)))
struct JobLifeTests {
    @Test(
        "a job ends with the code of its last command",
        arguments: [
            ("true", 0), ("exit 7", 7), ("false", 1), ("kill -TERM $$", 143), ("kill -KILL $$", 137),
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

    @Test("the log holds both streams in the order in which they were written")
    func logs() async throws {
        try await withAgent { _, agent in
            let command = "echo one; echo two >&2; echo three"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            #expect(try await agent.wholeLog(ofJob: "j") == "one\ntwo\nthree\n")
        }
    }

    @Test("killing takes the group, what left it, and what ignores being asked")
    func kills() async throws {
        try await withAgent { node, agent in
            let command = """
                trap '' TERM
                setsid sh -c 'trap "" TERM; echo $$ > detached; while :; do sleep 0.05; done' &
                sh -c 'trap "" TERM; echo $$ > grouped; while :; do sleep 0.05; done' &
                while [ ! -s detached ] || [ ! -s grouped ]; do sleep 0.01; done
                echo ready
                while :; do sleep 0.05; done
                """
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            try await agent.kill(job: "j", grace: TimeSpan(milliseconds: 100))
            #expect(try await agent.state(ofJob: "j") == .exited(code: 137))
            let agentPID = try #require(node.agentPID)
            #expect(node.survivors() == [agentPID])
        }
    }

    @Test("shutting down leaves no process")
    func shutdown() async throws {
        try await withAgent { node, agent in
            for number in 0..<3 { _ = try await agent.submit(JobSpec(id: "j\(number)", run: "sleep 100")) }
            try await agent.shutdown(grace: .seconds(5))
            try await eventually { node.survivors().isEmpty }
            #expect(Files.names(in: node.directory).filter { $0.hasPrefix("agent.") } == ["agent.lock", "agent.log"])
        }
    }
}
