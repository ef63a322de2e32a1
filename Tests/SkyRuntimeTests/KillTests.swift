import Glibc
import SkyCore
import SkyProcess
import Testing

@testable import SkyRuntime

@Suite("ending jobs", .timeLimit(.minutes(5)))
struct KillTests {
    @Test("killing takes the group, what left it, and what ignores being asked")
    func everything() async throws {
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
            #expect(node.survivors().count >= 5)
            try await agent.kill(job: "j", grace: TimeSpan(milliseconds: 100))
            #expect(try await agent.state(ofJob: "j") == .exited(code: 137))
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test("a job that is asked to end may clean up, and ends with its own code")
    func cleansUp() async throws {
        try await withAgent { _, agent in
            let command = "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.01; done"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            try await agent.kill(job: "j", grace: .seconds(60))
            #expect(try await agent.state(ofJob: "j") == .exited(code: 9))
            // The shell may say that its sleep was terminated.
            let log = try await agent.wholeLog(ofJob: "j")
            #expect(log.hasPrefix("ready\n") && log.contains("bye\n"))
        }
    }

    @Test("a job that is stopped can be killed")
    func stopped() async throws {
        try await withAgent { _, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "echo ready; kill -STOP $$"))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            try await agent.kill(job: "j", grace: .seconds(60))
            let code = try await agent.waitForExit(ofJob: "j")
            // Continued, it may come to its end before it sees that it is to end.
            #expect([143, 0].contains(code))
        }
    }

    @Test("a kill right after the submission is not lost", arguments: 0..<5)
    func early(round: Int) async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", setup: "sleep 100", run: "sleep 100"))
            try await agent.kill(job: "j", grace: .seconds(60))
            #expect(try await agent.waitForExit(ofJob: "j") == 143)
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test("a second kill may be less patient than the first")
    func impatience() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "trap '' TERM; echo ready; while :; do sleep 0.05; done"))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            async let patient: Void = agent.kill(job: "j", grace: .hour)
            try await Task.sleep(for: .milliseconds(20))
            let other = try await node.connect()
            try await other.kill(job: "j", grace: .zero)
            try await patient
            #expect(try await agent.state(ofJob: "j") == .exited(code: 137))
        }
    }

    @Test("shutting down kills all jobs and leaves no process")
    func shutdown() async throws {
        try await withAgent { node, agent in
            for number in 0..<3 { _ = try await agent.submit(JobSpec(id: "j\(number)", run: "sleep 100")) }
            try await agent.shutdown(grace: .seconds(30))
            try await eventually { node.survivors().isEmpty }
            #expect(Files.names(in: node.directory).filter { $0.hasPrefix("agent.") } == ["agent.lock", "agent.log"])
            let later = await #expect(throws: AgentError.self) { try await agent.state(ofJob: "j1") }
            #expect(later?.kind == .disconnected)
        }
    }

    @Test("whoever waits for a job while the agent is shut down hears how it ended")
    func waitAtShutdown() async throws {
        // A busy machine may ask only when it is too late.
        for pause in [Duration.milliseconds(50), .seconds(1), .seconds(20)] {
            let code: Int? = try await withNode { node in
                let agent = try await node.connect()
                _ = try await agent.submit(JobSpec(id: "j", run: "sleep 100"))
                async let code = agent.waitForExit(ofJob: "j")
                try await Task.sleep(for: pause)
                try await agent.shutdown(grace: .seconds(30))
                return try? await code
            }
            if code == 143 { return }
        }
        Issue.record("nobody heard it")
    }

    @Test("after a power cut nothing runs, and the next agent knows which jobs were lost")
    func powerCut() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "done", run: "exit 5"))
            _ = try await agent.waitForExit(ofJob: "done")
            _ = try await agent.submit(JobSpec(id: "lost", run: "setsid sleep 100 & echo ready; sleep 100"))
            for try await _ in agent.logs(ofJob: "lost", from: 0, follow: true) { break }
            await NodeProcesses(directory: node.directory).cutPower()
            #expect(node.survivors().isEmpty)
            try await node.start()
            let next = try await node.connect()
            #expect(try await next.waitForExit(ofJob: "done") == 5)
            #expect(try await next.waitForExit(ofJob: "lost") == 137)
        }
    }
}
