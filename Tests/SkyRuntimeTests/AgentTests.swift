import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("the agent", .timeLimit(.minutes(5)))
struct AgentTests {
    @Test("the agent says who it is and what its machine has")
    func hello() async throws {
        try await withAgent { node, agent in
            let info = agent.agent
            #expect(info.protocolVersion == AgentProtocol.version)
            #expect(info.directory == node.directory)
            #expect(Int32(info.pid) == node.agentPID)
            #expect(info.cpus >= 1 && info.memoryBytes > 1 << 20 && !info.hostName.isEmpty)
            let state = try await agent.state(ofJob: "nope")
            #expect(state == nil)
        }
    }

    @Test("a second agent for the same directory leaves at once, and the first stays")
    func second() async throws {
        try await withNode { node in
            let first = node.agentPID
            let spawn = ProcessSpawn(try TestNode.executable, ["serve", "--dir", node.directory])
            #expect(try await spawn.start().wait() == .exited(code: 0))
            try await node.start()
            #expect(node.agentPID == first)
            _ = try await node.connect()
        }
    }

    @Test("of many that start at the same time one stays, and all may connect")
    func race() async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await node.start()
                        return try await node.connect().agent.pid
                    }
                }
                var pids: Set<Int> = []
                for try await pid in group { pids.insert(pid) }
                #expect(pids.count == 1)
            }
            await NodeProcesses(directory: folder).cutPower()
        }
    }

    @Test("only the owner may connect, over a socket in the node's directory, and there is no port")
    func socketOnly() async throws {
        try await withNode { node in
            var status = stat()
            #expect(stat("\(node.directory)/agent.sock", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            let pid = try #require(node.agentPID)
            let sockets = Files.names(in: "/proc/\(pid)/fd").compactMap { name -> String? in
                var target = [CChar](repeating: 0, count: 200)
                guard readlink("/proc/\(pid)/fd/\(name)", &target, 199) > 0 else { return nil }
                return String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }.filter { $0.hasPrefix("socket:") }
            #expect(sockets.count == 1)
        }
    }

    @Test("a directory's path may be longer than a socket's may be")
    func longPath() async throws {
        try await withTemporaryFolder { folder in
            let directory = "\(folder)/\(String(repeating: "long/", count: 40))end"
            let node = TestNode(directory: directory)
            try await node.start()
            let agent = try await node.connect()
            _ = try await agent.submit(JobSpec(id: "j", run: "pwd"))
            #expect(try await agent.wholeLog(ofJob: "j") == "\(directory)/work\n")
            try await agent.shutdown(grace: .zero)
        }
    }

    @Test("an agent that cannot start says why")
    func cannotStart() async throws {
        try await withTemporaryFolder { folder in
            try Files.makeFolder("\(folder)/agent.sock/in-the-way")
            let error = await #expect(throws: AgentError.self) { try await TestNode(directory: folder).start() }
            #expect(error?.kind == .disconnected)
            #expect(error?.message.contains("cannot listen at \(folder)/agent.sock") == true, "\(error as Any)")
            await #expect(throws: AgentError.self) {
                try await AgentLauncher(executable: "/no/such/file").start(directory: folder)
            }
        }
    }

    @Test("nobody answers where there is no agent")
    func nobody() async throws {
        try await withTemporaryFolder { folder in
            let error = await #expect(throws: AgentError.self) { try await AgentClient(connectingTo: folder) }
            #expect(error?.kind == .disconnected)
        }
    }

    @Test("a relay carries a conversation over pipes, and starts the agent if asked")
    func relay() async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            let (toRelay, fromRelay) = (try Descriptor.pipe(), try Descriptor.pipe())
            let relay = try ProcessSpawn(
                try TestNode.executable, ["relay", "--dir", folder, "--start"],
                standardInput: .descriptor(toRelay.reading), standardOutput: .descriptor(fromRelay.writing)
            ).start()
            close(toRelay.reading)
            close(fromRelay.writing)
            let agent = try await AgentClient(readingFrom: fromRelay.reading, writingTo: toRelay.writing)
            let long = String(repeating: "x", count: 700_000)
            _ = try await agent.submit(JobSpec(id: "j", run: "# \(long)\nhead -c 3000000 /dev/zero; exit 3"))
            #expect(try await agent.wholeLog(ofJob: "j").utf8.count == 3_000_000)
            #expect(try await agent.waitForExit(ofJob: "j") == 3)
            await agent.close()
            #expect(await relay.wait() == .exited(code: 0))
            try await node.connect().shutdown(grace: .zero)
        }
    }

    @Test(
        "a wrong command line is told so",
        arguments: [
            [], ["nonsense"], ["serve"], ["serve", "--dir"], ["serve", "--dir", "/tmp/x", "--ready-fd", "x"],
            ["relay", "--dir", "/tmp/x", "--nonsense"], ["supervise", "--dir", "/tmp/x", "--job", "../x"],
            ["version", "extra"],
        ])
    func usage(arguments: [String]) async throws {
        let pipe = try Descriptor.pipe()
        let agent = try ProcessSpawn(
            try TestNode.executable, arguments, standardOutput: .null, standardError: .descriptor(pipe.writing)
        ).start()
        close(pipe.writing)
        #expect(await agent.wait() == .exited(code: 2))
        let message = String(decoding: try Descriptor.readAll(pipe.reading), as: UTF8.self)
        close(pipe.reading)
        #expect(message.hasPrefix("sky-agent: ") && message.contains("usage: sky-agent serve --dir DIR"))
    }
}
