import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

/// Deaths at any moment, many times over: whatever happens, a job begins at most once, everybody hears the same end,
/// and nothing is left.
@Suite("mishaps at any moment", .timeLimit(.minutes(5)))
struct MishapTests {
    /// Each beginning leaves a line in `count-ID`.
    private func job(_ id: String) -> JobSpec {
        JobSpec(id: id, run: "echo begun >> count-\(id); sleep 0.02; exit 3")
    }

    private func beginnings(of id: String, on node: TestNode) throws -> Int {
        (try Files.read("\(node.directory)/work/count-\(id)") ?? []).count { $0 == UInt8(ascii: "\n") }
    }

    @Test("an agent that dies during a submission costs nothing", arguments: UInt64(1)...3)
    func agentDies(seed: UInt64) async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            var random = SeededGenerator(seed: seed)
            for round in 0..<12 {
                let job = job("j\(round)")
                try await node.start()
                let first = try await node.connect()
                let pid = try #require(node.agentPID)
                let submission = Task { try? await first.submit(job) }
                try await Task.sleep(for: .microseconds(Int.random(in: 0...6000, using: &random)))
                kill(pid, SIGKILL)
                _ = await submission.value
                // Until it is gone its socket still takes connections, and a new agent leaves the node to it.
                try await eventually { !ProcessTable.isAlive(pid) }

                try await node.start()
                let second = try await node.connect()
                _ = try await second.submit(job)
                #expect(try await second.waitForExit(ofJob: job.id) == 3)
                #expect(try beginnings(of: job.id, on: node) == 1)
            }
            #expect(node.survivors().count == 1)
            try await node.connect().shutdown(grace: .zero)
        }
    }

    @Test("a supervisor that dies at any time gives one answer, for good", arguments: UInt64(1)...3)
    func supervisorDies(seed: UInt64) async throws {
        try await withAgent { node, agent in
            var random = SeededGenerator(seed: seed)
            for round in 0..<12 {
                let job = job("j\(round)")
                _ = try await agent.submit(job)
                try await Task.sleep(for: .microseconds(Int.random(in: 0...30_000, using: &random)))
                let pid = try #require(node.agentPID)
                for process in ProcessTable.all() where process.parent == pid { kill(process.pid, SIGKILL) }
                let code = try await agent.waitForExit(ofJob: job.id)
                #expect(code == 3 || code == 137)
                #expect(try await agent.submit(job) == .exited(code: code))
                #expect(try beginnings(of: job.id, on: node) <= 1)
                #expect(node.survivors() == [pid])
            }
        }
    }

    @Test("a supervisor that dies after its agent gives one answer too", arguments: UInt64(1)...3)
    func bothDie(seed: UInt64) async throws {
        try await withNode { node in
            var random = SeededGenerator(seed: seed)
            for round in 0..<12 {
                let job = job("j\(round)")
                let first = try await node.connect()
                _ = try await first.submit(job)
                let supervisor = try await node.supervisor(of: job.id)
                let pid = try #require(node.agentPID)
                kill(pid, SIGKILL)
                try await eventually { !ProcessTable.isAlive(pid) }
                try await node.start()
                let second = try await node.connect()
                let waiting = Task { try await second.waitForExit(ofJob: job.id) }
                try await Task.sleep(for: .microseconds(Int.random(in: 0...25_000, using: &random)))
                if ProcessTable.status(of: supervisor).map({ $0.session == supervisor }) ?? false {
                    kill(supervisor, SIGKILL)
                }
                let code = try await waiting.value
                #expect(code == 3 || code == 137)
                #expect(try await second.submit(job) == .exited(code: code))
                #expect(try beginnings(of: job.id, on: node) <= 1)
                #expect(node.survivors() == [node.agentPID])
            }
        }
    }

    @Test("many short jobs at once all end as they should")
    func many() async throws {
        try await withAgent { node, agent in
            try await withThrowingTaskGroup(of: (Int, Int, String).self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let job = JobSpec(id: "j\(number)", run: "echo \(number); exit \(number)")
                        _ = try await agent.submit(job)
                        async let log = agent.wholeLog(ofJob: job.id)
                        return (number, try await agent.waitForExit(ofJob: job.id), try await log)
                    }
                }
                for try await (number, code, log) in group {
                    #expect(code == number)
                    #expect(log == "\(number)\n")
                }
            }
            #expect(node.survivors() == [node.agentPID])
        }
    }
}
