import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("agents and supervisors that die", .timeLimit(.minutes(5)))
struct SurvivalTests {
    @Test("a job outlives its agent, and the next agent learns how it ends")
    func adopted() async throws {
        try await withAgent { node, agent in
            let command = "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; exit 6"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            _ = try await node.supervisor(of: "j")
            try await node.killAgent()
            let broken = await #expect(throws: AgentError.self) { try await agent.state(ofJob: "j") }
            #expect(broken?.kind == .disconnected)

            try await node.start()
            let next = try await node.connect()
            #expect(try await next.state(ofJob: "j") == .running)
            async let code = next.waitForExit(ofJob: "j")
            async let log = next.wholeLog(ofJob: "j")
            _ = try await next.submit(JobSpec(id: "go", run: "touch go"))
            #expect(try await code == 6)
            #expect(try await log == "one\ntwo\n")
        }
    }

    @Test("a job that ends while no agent is there is known to the next")
    func endedAlone() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "while [ ! -e go ]; do sleep 0.01; done; exit 6"))
            _ = try await node.supervisor(of: "j")
            try await node.killAgent()
            try node.letGo()
            try await eventually { node.survivors().isEmpty }
            try await node.start()
            let next = try await node.connect()
            #expect(try await next.waitForExit(ofJob: "j") == 6)
            #expect(try await next.submit(JobSpec(id: "j", run: "exit 0")) == .exited(code: 6))
        }
    }

    @Test("an adopted job can be killed")
    func killAdopted() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "setsid sleep 100000 & sleep 100000"))
            _ = try await node.supervisor(of: "j")
            try await node.killAgent()
            try await node.start()
            let next = try await node.connect()
            try await next.kill(job: "j", grace: .seconds(30))
            #expect(try await next.state(ofJob: "j") == .exited(code: 143))
            #expect(node.survivors() == [node.agentPID])
        }
    }

    private static let stubborn = """
        setsid env -i sh -c 'trap "" TERM; while :; do sleep 0.05; done' &
        echo ready; trap '' TERM; while :; do sleep 0.05; done
        """

    @Test("a job whose supervisor is killed has ended with 137, and nothing of it runs on")
    func supervisorKilled() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: Self.stubborn))
            _ = try await agent.submit(JobSpec(id: "other", run: "sleep 100000"))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            let supervisor = try await node.supervisor(of: "j")
            let tree = ProcessTable.descendants(of: supervisor).map(\.pid)
            #expect(tree.count >= 2)
            kill(supervisor, SIGKILL)
            #expect(try await agent.waitForExit(ofJob: "j") == 137)
            #expect(tree.filter(ProcessTable.isAlive).isEmpty)
            #expect(try await agent.state(ofJob: "other") == .running)
            #expect(try await agent.submit(JobSpec(id: "j", run: "true")) == .exited(code: 137))
        }
    }

    @Test("an adopted job whose supervisor is killed has ended with 137")
    func adoptedSupervisorKilled() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "setsid sleep 100000 & echo ready; sleep 100000"))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            try await node.killAgent()
            try await node.start()
            let next = try await node.connect()
            async let code = next.waitForExit(ofJob: "j")
            try await Task.sleep(for: .milliseconds(20))
            kill(try await node.supervisor(of: "j"), SIGKILL)
            #expect(try await code == 137)
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test("leftovers of a job whose supervisor died unseen are gone once the next agent says how it ended")
    func bothKilled() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "setsid sleep 100000 & echo ready; sleep 100000"))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            let supervisor = try await node.supervisor(of: "j")
            try await node.killAgent()
            kill(supervisor, SIGKILL)
            try await eventually { !ProcessTable.isAlive(supervisor) }
            #expect(!node.survivors().isEmpty)
            try await node.start()
            let next = try await node.connect()
            #expect(try await next.waitForExit(ofJob: "j") == 137)
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test("a job that was written down but never begun is begun by the next submission")
    func neverBegun() async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            let job = JobSpec(id: "j", run: "echo x >> count; exit $(wc -l < count)")
            try node.job("j").create(job)
            try await node.start()
            let agent = try await node.connect()
            let before = try await agent.state(ofJob: "j")
            #expect(before == nil)
            _ = try await agent.submit(job)
            #expect(try await agent.waitForExit(ofJob: "j") == 1)
            try await agent.shutdown(grace: .zero)
        }
    }

    @Test("a job that was killed before it began never begins")
    func killedBeforeBegun() async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            try node.job("j").create(JobSpec(id: "j", run: "true"))
            try await node.start()
            let agent = try await node.connect()
            try await agent.kill(job: "j", grace: .zero)
            #expect(try await agent.submit(JobSpec(id: "j", run: "true")) == .exited(code: 143))
            try await agent.shutdown(grace: .zero)
        }
    }

    @Test("however many supervisors start, a job runs once")
    func oneSupervisor() async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            try node.job("j").create(JobSpec(id: "j", run: "echo x >> count; sleep 0.2"))
            let spawn = ProcessSpawn(try TestNode.executable, ["supervise", "--dir", folder, "--job", "j"])
            let supervisors = try (0..<6).map { _ in try spawn.start() }
            var codes: [Int] = []
            for supervisor in supervisors { codes.append(await supervisor.wait().shellCode) }
            #expect(codes.sorted() == [0, 75, 75, 75, 75, 75])
            #expect(try Files.read("\(folder)/work/count") == Array("x\n".utf8))
        }
    }

    @Test("a broken connection changes nothing for the job")
    func connectionDropped() async throws {
        try await withNode { node in
            let first = try await node.connect()
            _ = try await first.submit(JobSpec(id: "j", run: "echo one; while [ ! -e go ]; do sleep 0.01; done"))
            let waiting = Task { try await first.waitForExit(ofJob: "j") }
            await first.close()
            let error = await #expect(throws: AgentError.self) { try await waiting.value }
            #expect(error?.kind == .disconnected)
            let second = try await node.connect()
            _ = try await second.submit(JobSpec(id: "go", run: "touch go"))
            #expect(try await second.waitForExit(ofJob: "j") == 0)
        }
    }
}
