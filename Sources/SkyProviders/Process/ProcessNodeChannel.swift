import SkyProcess
import SkyRuntime

/// The way to a node that is a folder of this machine.
struct ProcessNodeChannel: NodeChannel {
    let isOnThisMachine = true

    private let backend: ProcessBackend
    private let folder: GroupFolder
    private let rank: Int

    init(backend: ProcessBackend, folder: GroupFolder, rank: Int) {
        self.backend = backend
        self.folder = folder
        self.rank = rank
    }

    private var node: NodePaths { NodePaths(path: folder.node(rank)) }
    private var provider: String { backend.provider }

    func connect() async throws(ProviderError) -> any NodeAgent {
        _ = try backend.runningFolder(of: folder.token)
        var failure: AgentError
        do { return try await AgentClient(connectingTo: node.path) } catch { failure = error }
        // An agent that is just dying can still look alive to the one that should take its place: hence more than once.
        for _ in 0..<3 {
            try await backend.revive(rank, of: folder)
            do { return try await AgentClient(connectingTo: node.path) } catch { failure = error }
        }
        throw ProviderError(.transient, provider: provider, "node \(rank) of \(folder.token): \(failure)")
    }

    func absolutePath(_ path: String) -> String { node.absolutePath(path) }

    func push(from localPath: String, to nodePath: String) async throws(ProviderError) {
        _ = try backend.runningFolder(of: folder.token)
        let target: String
        do { target = try node.replaceable(nodePath) } catch { throw error.providerError(provider) }
        try await copy(localPath, target)
    }

    func pull(from nodePath: String, to localPath: String) async throws(ProviderError) {
        guard let source = try find(nodePath) else {
            throw ProviderError(
                .badRequest, provider: provider, "there is no \(nodePath) on node \(rank) of \(folder.token)")
        }
        try await copy(source, localPath)
    }

    func entrance(job: String, command: String?, hasTerminal: Bool) throws(ProviderError) -> NodeEntrance {
        _ = try backend.runningFolder(of: folder.token)
        return NodeEntrance(
            executable: backend.agentExecutable,
            arguments: NodeEntrance.agentArguments(directory: node.path, job: job, command: command))
    }

    func exists(_ nodePath: String) async throws(ProviderError) -> Bool { try find(nodePath) != nil }

    private func find(_ nodePath: String) throws(ProviderError) -> String? {
        _ = try backend.runningFolder(of: folder.token)
        do { return try node.existing(nodePath) } catch { throw error.providerError(provider) }
    }

    private func copy(_ source: String, _ target: String) async throws(ProviderError) {
        let result = await onOwnThread {
            Result { () throws(SystemError) in try TreeCopy.copy(from: source, to: target) }
        }
        do { try result.get() } catch { throw error.providerError(provider) }
    }
}
