import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

/// Every adapter that must keep the contract of `ProviderAdapter`.
enum AdapterUnderTest: String, CaseIterable, Codable, CustomTestStringConvertible {
    case local
    case standIn
    case mock

    var testDescription: String { rawValue }

    var provider: String { self == .standIn ? "aws" : rawValue }

    func make(_ state: String) throws -> any ProviderAdapter {
        let agent = try Self.agentExecutable()
        switch self {
        case .local: return LocalAdapter(stateDirectory: state, agentExecutable: agent)
        case .standIn: return StandInAdapter(provider: provider, stateDirectory: state, agentExecutable: agent)
        case .mock:
            let registry = AdapterRegistry(
                stateDirectory: state, agentExecutable: agent,
                script: MockScript(providers: [provider: ProviderScript()]),
                profiles: [AdapterProfile(name: provider, adapter: "mock")])
            return try registry.adapter(for: provider)
        }
    }

    /// The agent's program, which the package builds beside the tests' own.
    static func agentExecutable() throws -> String {
        let own = try #require(Files.absolutePath("/proc/self/exe"))
        return "\(Disk.split(own).folder)/sky-agent"
    }

    /// Runs `body` with a fresh adapter and its state folder, and leaves no process behind.
    func run(_ body: (any ProviderAdapter, World) async throws -> Void) async throws {
        try await withTemporaryFolder { state in
            let world = World(state: state, provider: provider)
            defer { for pid in world.processes() { kill(pid, SIGKILL) } }
            try await body(make(state), world)
        }
    }
}

/// What an adapter has made of this machine, looked at without asking it.
struct World {
    let state: String
    let provider: String
    /// What is older than the tests' own process is not theirs, and is not looked into: there is much of it.
    private let firstTick = ProcessTable.status(of: getpid())?.startTicks ?? 0

    init(state: String, provider: String) {
        self.state = state
        self.provider = provider
    }

    func group(_ token: String) -> String { "\(state)/nodes/\(provider)/\(token)" }
    func node(_ token: String, _ rank: Int = 0) -> String { "\(group(token))/node-\(rank)" }

    /// Processes whose command line, environment or working folder speaks of the state folder.
    func processes() -> [Int32] {
        ProcessTable.all().filter { $0.startTicks >= firstTick && $0.pid != getpid() && !$0.isGone && isOurs($0.pid) }
            .map(\.pid)
    }

    private func isOurs(_ pid: Int32) -> Bool {
        if Files.absolutePath("/proc/\(pid)/cwd")?.hasPrefix(state) == true { return true }
        return ["cmdline", "environ"].contains { name in
            guard let bytes = (try? Files.read("/proc/\(pid)/\(name)")) ?? nil else { return false }
            return String(decoding: bytes, as: UTF8.self).contains(state)
        }
    }

    /// Agents that run, by their command lines.
    func agents() -> [Int32] {
        processes().filter { pid in
            guard let bytes = (try? Files.read("/proc/\(pid)/cmdline")) ?? nil,
                let name = (try? Files.read("/proc/\(pid)/comm")) ?? nil
            else { return false }
            // A supervisor is a copy of its agent under another name.
            return String(decoding: bytes, as: UTF8.self).contains("\0serve\0")
                && String(decoding: name, as: UTF8.self) != "sky-supervisor\n"
        }
    }

    /// True once `count` agents run. One that finds another in its place needs a moment to go.
    func comesToAgents(_ count: Int) async -> Bool {
        for _ in 0..<6000 {
            if agents().count == count { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Returns when the agent is dead.
    func killAgent(_ token: String, _ rank: Int = 0) async throws {
        let pid = try agentPID(token, rank)
        kill(pid, SIGKILL)
        while ProcessTable.isAlive(pid) { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// Files and folders that belong to groups; a script's memory does not, nor do books and locks.
    func leftovers() -> [String] {
        (Files.names(in: "\(state)/nodes/\(provider)") + Files.names(in: "\(state)/nodes/.ports"))
            .filter { ![".script.json", ".script.json.lock", ".gone", ".locks", ".lock"].contains($0) }
    }

    func agentPID(_ token: String, _ rank: Int = 0) throws -> Int32 {
        let bytes = try #require(try Files.read("\(node(token, rank))/agent.pid"))
        return try #require(ProcessIdentity(String(decoding: bytes, as: UTF8.self))).pid
    }
}

extension ProviderAdapter {
    func channel(_ group: NodeGroup, _ rank: Int = 0) async throws -> any NodeChannel {
        try await channel(to: group.nodes[rank], of: group)
    }

    /// Runs `command` on a node until it has begun: until it has made the file `begun` in its working folder.
    func begin(_ command: String, on group: NodeGroup, _ rank: Int = 0, id: String = "job") async throws {
        let channel = try await channel(group, rank)
        let client = try await channel.connect()
        _ = try await client.submit(JobSpec(id: id, run: "touch begun\n\(command)"))
        while try await !channel.exists("work/begun") { try await Task.sleep(for: .milliseconds(2)) }
        await client.close()
    }
}
