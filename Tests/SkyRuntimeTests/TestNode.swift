import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

/// A node of a test: a directory with a real agent in it.
struct TestNode {
    let directory: String

    /// The agent's program, which the package builds beside the tests' own.
    static var executable: String {
        get throws {
            let own = try #require(Files.absolutePath("/proc/self/exe"))
            let folder = own.split(separator: "/").dropLast().joined(separator: "/")
            return "/\(folder)/sky-agent"
        }
    }

    func start(lease: TimeSpan? = nil) async throws {
        try await AgentLauncher(executable: Self.executable).start(directory: directory, lease: lease)
    }

    var folder: NodeFolder { get throws { try NodeFolder(directory) } }

    /// Returns when the agent is dead, if it was not before.
    func killAgent() async throws {
        guard let pid = agentPID else { return }
        kill(pid, SIGKILL)
        try await eventually { !ProcessTable.isAlive(pid) }
    }

    func connect() async throws -> AgentClient { try await AgentClient(connectingTo: directory) }

    /// Nil when no agent has said that it is there.
    var agentPID: Int32? {
        guard let bytes = (try? Files.read("\(directory)/agent.pid")) ?? nil else { return nil }
        return ProcessIdentity(String(decoding: bytes, as: UTF8.self))?.pid
    }

    func job(_ id: String) -> JobFolder { JobFolder(path: "\(directory)/jobs/\(id)") }

    /// The supervisor of a job, once it has begun.
    func supervisor(of id: String) async throws -> Int32 {
        try await eventually { job(id).supervisorIdentity()?.pid }
    }

    /// Makes the empty file that jobs wait for, in their folder: its first job may not have come so far as to make that.
    func letGo(_ name: String = "go") throws {
        try Files.makeFolder("\(directory)/work")
        try Files.replace("\(directory)/work/\(name)", with: [], durability: .processes)
    }

    /// What is left of the node: its agent, supervisors that have a job, and whatever jobs started.
    func survivors() -> [Int32] {
        // Without a name it has ended since.
        let others = [SupervisorPool.idleName, ""]
        return NodeProcesses(directory: directory).alive().filter { !others.contains(Self.name(of: $0)) }
    }

    /// Supervisors that have no job.
    func idleSupervisors() -> [Int32] {
        NodeProcesses(directory: directory).alive().filter { Self.name(of: $0) == SupervisorPool.idleName }
    }

    private static func name(of pid: Int32) -> String {
        let bytes = (try? Files.read("/proc/\(pid)/comm")) ?? nil
        return String(decoding: (bytes ?? []).filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

/// Runs `body` with a fresh node whose agent answers, and leaves nothing of it behind.
func withNode<Result>(
    lease: TimeSpan? = nil, _ body: (TestNode) async throws -> Result
) async throws -> Result {
    try await withTemporaryFolder { folder in
        let node = TestNode(directory: folder)
        do {
            try await node.start(lease: lease)
            let result = try await body(node)
            await NodeProcesses(directory: folder).cutPower()
            return result
        } catch {
            await NodeProcesses(directory: folder).cutPower()
            throw error
        }
    }
}

/// Runs `body` with a fresh node and a conversation with its agent.
func withAgent(_ body: (TestNode, AgentClient) async throws -> Void) async throws {
    try await withNode { node in
        let client = try await node.connect()
        try await body(node, client)
        await client.close()
    }
}

/// Makes a program of a script. Another process writes it: one that is just being started by another test would hold it
/// open for writing for a moment, and it could not be run.
func writeProgram(_ path: String, _ text: String) async throws {
    try Files.replace("\(path).text", with: text.utf8, mode: 0o700, durability: .processes)
    unlink(path)
    try #require(await ProcessSpawn("/bin/cp", ["\(path).text", path]).start().wait() == .exited(code: 0))
}

struct NeverHappened: Error {}

/// Asks again and again until there is an answer.
func eventually<Answer>(
    within limit: Duration = .seconds(240), sourceLocation: SourceLocation = #_sourceLocation,
    _ ask: () async throws -> Answer?
) async throws -> Answer {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if let answer = try await ask() { return answer }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it has not happened within \(limit)", sourceLocation: sourceLocation)
    throw NeverHappened()
}

func eventually(
    within limit: Duration = .seconds(240), sourceLocation: SourceLocation = #_sourceLocation,
    isTrue condition: () async throws -> Bool
) async throws {
    _ = try await eventually(within: limit, sourceLocation: sourceLocation) { try await condition() ? true : nil }
}

extension AgentClient {
    /// All of a log that there is, or will be.
    func wholeLog(ofJob id: String, from offset: Int64 = 0, follow: Bool = true) async throws -> String {
        var bytes: [UInt8] = []
        for try await chunk in logs(ofJob: id, from: offset, follow: follow) { bytes += chunk.bytes }
        return String(decoding: bytes, as: UTF8.self)
    }
}
