import Glibc
import SkyProcess
import SkyRuntime

/// Speaks with the `sky-agent` on a host, which is brought there when it is missing.
struct SSHHostSession: Sendable {
    let connection: SSHConnection
    let delivery: AgentDelivery

    init(connection: SSHConnection, agents: AgentPrograms, known: KnownMachines) {
        self.connection = connection
        let base = connection.host.directory.map { "\"\($0)\"" } ?? "\"$HOME\"/.sky-host"
        delivery = AgentDelivery(way: connection, agents: agents, known: known, base: base)
    }

    var host: SSHHost { connection.host }
    private var base: String { delivery.base }

    /// The command line of the host's agent, for a shell there.
    func agentCommand(_ arguments: String, hasTerminal: Bool = false) async throws(SSHFailure) -> String {
        "exec \(try await delivery.program()) \(arguments)"
    }

    // MARK: Asking

    func claim(_ claim: HostClaim) async throws(SSHFailure) -> HostNode {
        let reply = try await ask("host claim --base \(base)", input: .text(claim.text))
        guard let node = reply?.nodes.first else { throw .broken("no node in the answer") }
        return node
    }

    /// None of a host that has never had an agent: none is brought there for that.
    func list() async throws(SSHFailure) -> [HostNode] {
        try await ask("host list --base \(base)", bringsAgent: false)?.nodes ?? []
    }

    func release(token: String) async throws(SSHFailure) {
        _ = try await ask("host release --base \(base) --token \(token)", bringsAgent: false)
    }

    /// Takes a claim back as if it had never been.
    func withdraw(token: String) async throws(SSHFailure) {
        _ = try await ask("host withdraw --base \(base) --token \(token)", bringsAgent: false)
    }

    /// By the host's shell alone. Also how `sky check` finds out whether it answers.
    func look() async throws(SSHFailure) -> AgentDelivery.Facts { try await delivery.look() }

    func exists(_ path: String, in directory: String) async throws(SSHFailure) -> Bool {
        let reply = try await ask("files look \(ShellWords.place(directory, path))")
        guard let exists = reply?.exists else { throw .broken("no answer to a look") }
        return exists
    }

    /// - Returns: nil of a host that has nothing of Sky's on it, where no agent is to be brought.
    private func ask(
        _ arguments: String, input: ShellCommand.Input = .nothing, bringsAgent: Bool = true
    ) async throws(SSHFailure) -> HostReply? {
        var hasBrought = false
        while true {
            let outcome = try await connection.run(try await agentCommand(arguments), input: input)
            if let reply = HostReply(in: outcome.output) {
                if let failure = reply.failure { throw .host(failure) }
                return reply
            }
            // It was there when it was looked for: what it says is why it does not run.
            guard !hasBrought else { throw .agentFails(outcome.lastLine) }
            guard try await delivery.bring(evenToEmptyHost: bringsAgent) else { return nil }
            hasBrought = true
        }
    }
}

extension SSHHostSession: AgentPlace {
    var title: String { host.title }
    var way: any ShellWay { connection }
    /// The host is a node of its own: what died with it does not come back.
    var relayOptions: String { " --start --machine" }

    func forward(port: Int, for directory: String) async throws(SSHFailure) -> Int? {
        try await connection.forward(port: port, for: directory)
    }

    func meaning(of failure: SSHFailure) async -> SSHFailure { failure }

    func providerError(_ failure: SSHFailure, _ provider: String) -> ProviderError {
        failure.providerError(provider, host, connection.options)
    }
}
