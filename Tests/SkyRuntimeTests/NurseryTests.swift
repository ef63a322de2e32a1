import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("Agents from a nursery", .timeLimit(.minutes(5)))
struct NurseryTests {
    /// Agents of one launcher, the later ones from its nursery; ended when `body` is over.
    private func withAgents(
        _ count: Int, _ body: (AgentLauncher, [TestNode]) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let launcher = AgentLauncher(executable: try TestNode.executable)
            var nodes: [TestNode] = []
            for number in 0..<count {
                try Files.makeFolder("\(folder)/\(number)")
                nodes.append(TestNode(directory: "\(folder)/\(number)"))
                try await launcher.start(directory: nodes[number].directory, lease: .hour)
            }
            try await body(launcher, nodes)
            for node in nodes { _ = try? await node.connect().shutdown(grace: .zero) }
        }
    }

    private static func parent(of node: TestNode) -> Int32? {
        node.agentPID.flatMap { ProcessTable.status(of: $0)?.parent }
    }

    @Test("they run jobs, keep leases and look like agents that were started alone")
    func likeOthers() async throws {
        try await withAgents(8) { _, nodes in
            for (number, node) in nodes.enumerated() {
                let agent = try await node.connect()
                _ = try await agent.submit(JobSpec(id: "job", run: "echo \(number); exit \(number)"))
                #expect(try await agent.waitForExit(ofJob: "job") == number)
                #expect(try await agent.wholeLog(ofJob: "job") == "\(number)\n")
                let pid = try #require(node.agentPID)
                let arguments = ProcessTable.arguments(of: pid)
                #expect(arguments.prefix(4).dropFirst() == ["serve", "--dir", node.directory])
                #expect(ProcessTable.status(of: pid)?.session == pid)
                #expect(node.survivors() == [pid])
                await agent.close()
            }
        }
    }

    @Test("they outlive the nursery, which ends with its launcher")
    func outliveIt() async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            var nursery: NurseryClient? = try NurseryClient(executable: TestNode.executable)
            #expect(await nursery?.start(["serve", "--dir", folder]) == .ready)
            let parent = try #require(Self.parent(of: node))
            #expect(ProcessTable.arguments(of: parent).dropFirst().first == "nursery")
            nursery = nil
            #expect(try await comesTrue { !ProcessTable.isAlive(parent) })
            let agent = try await node.connect()
            _ = try await agent.submit(JobSpec(id: "job", run: "exit 3"))
            #expect(try await agent.waitForExit(ofJob: "job") == 3)
            try await agent.shutdown(grace: .zero)
        }
    }

    @Test("one that cannot come up says why, and the next one comes up")
    func failure() async throws {
        try await withAgents(5) { launcher, nodes in
            let broken = "\(nodes[0].directory)/broken"
            try Files.makeFolder("\(broken)/agent.sock/full")
            let error = await #expect(throws: AgentError.self) { try await launcher.start(directory: broken) }
            #expect(error?.kind == .disconnected)
            #expect(error?.message.contains("cannot listen at \(broken)/agent.sock") == true, "\(error as Any)")
            try await nodes[1].connect().shutdown(grace: .zero)
            try await launcher.start(directory: nodes[1].directory)
            await (try await nodes[1].connect()).close()
        }
    }

    @Test("when the nursery is killed, agents are started alone again")
    func killedNursery() async throws {
        try await withAgents(5) { launcher, nodes in
            let parent = try #require(Self.parent(of: nodes[4]))
            kill(parent, SIGKILL)
            #expect(try await comesTrue { !ProcessTable.isAlive(parent) })
            for node in nodes.prefix(2) {
                try await node.connect().shutdown(grace: .zero)
                try await launcher.start(directory: node.directory)
                await (try await node.connect()).close()
            }
        }
    }
}
