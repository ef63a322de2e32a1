import Glibc
import SkyCore
import SkyProcess
import Testing

@testable import SkyRuntime

@Suite("letting people in", .timeLimit(.minutes(5)))
struct EntranceTests {
    private func enter(_ node: TestNode, _ command: String?, input: ProcessSpawn.Stream = .null) throws -> ProcessSpawn
    {
        ProcessSpawn(
            try TestNode.executable,
            NodeEntrance.agentArguments(directory: node.directory, job: "j", command: command),
            environment: ["SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "SECRET": "x", "TERM": "vt100"],
            standardInput: input, standardOutput: .append(path: "\(node.directory)/said"),
            standardError: .append(path: "\(node.directory)/said"))
    }

    private func said(_ node: TestNode) throws -> String {
        String(decoding: try Files.read("\(node.directory)/said") ?? [], as: UTF8.self)
    }

    @Test("a command runs where the job does, with its variables and none of the visitor's, and gives its code")
    func command() async throws {
        try await withAgent { node, agent in
            let job = JobSpec(id: "j", run: "exit 1", workingDirectory: "deep/work", environment: ["LR": "0.1 'x'"])
            _ = try await agent.submit(job)
            _ = try await agent.waitForExit(ofJob: "j")
            let process = try enter(node, "pwd; echo \"$LR $SECRET$TERM\"; exit 7").start()
            #expect(await process.wait() == .exited(code: 7))
            #expect(try said(node) == "\(node.directory)/deep/work\n0.1 'x' vt100\n")
        }
    }

    @Test("a shell reads what is typed")
    func shell() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "sleep 100"))
            let (reading, writing) = try Descriptor.pipe()
            let process = try enter(node, nil, input: .descriptor(reading)).start()
            try Descriptor.writeAll(writing, Array("echo hello from $PWD\nexit 3\n".utf8))
            #expect(await process.wait() == .exited(code: 3))
            close(reading)
            close(writing)
            #expect(try said(node) == "hello from \(node.directory)/work\n")
        }
    }

    @Test("who is inside when the node ends is found, and the agent does not say that it is alone")
    func ending() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "true"))
            _ = try await agent.waitForExit(ofJob: "j")
            let process = try enter(node, "echo in; exec sleep 1000").start()
            try await eventually { try said(node) == "in\n" }
            #expect(node.survivors().contains(process.pid))
            let isAlone = try await agent.shutdown(grace: .seconds(1))
            #expect(!isAlone)
            await NodeProcesses(directory: node.directory).cutPower()
            #expect(await process.wait() == .signalled(SIGKILL))
        }
    }

    @Test("a visitor does not end with jobs that are cleaned up after, nor with the agent")
    func survives() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            _ = try await agent.submit(JobSpec(id: "j", run: "sleep 1000"))
            let process = try enter(node, "echo in; exec sleep 1000").start()
            try await eventually { try said(node) == "in\n" }
            kill(try await node.supervisor(of: "j"), SIGKILL)
            #expect(try await agent.waitForExit(ofJob: "j") == 137)
            try await node.killAgent()
            try await node.start()
            let next = try await node.connect()
            #expect(try await next.state(ofJob: "j") == .exited(code: 137))
            #expect(ProcessTable.isAlive(process.pid))
        }
    }

    @Test("nobody enters a node that is gone, or a job that has not begun")
    func nothing() async throws {
        try await withAgent { node, _ in
            let process = try enter(node, "true").start()
            #expect(await process.wait() == .exited(code: 1))
            #expect(try said(node).contains("its job has not begun"))
            let gone = ProcessSpawn(
                try TestNode.executable,
                NodeEntrance.agentArguments(directory: "\(node.directory)/no", job: "j", command: nil),
                standardOutput: .null, standardError: .append(path: "\(node.directory)/gone"))
            #expect(await (try gone.start()).wait() == .exited(code: 1))
            #expect(!Files.exists("\(node.directory)/no"))
        }
    }
}
