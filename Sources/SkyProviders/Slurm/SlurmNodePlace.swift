import SkyRuntime

/// A node of a job: what runs there is a step of the job's own, by `srun` on the login host.
struct SlurmNodePlace: AgentPlace {
    let login: SlurmLogin
    let job: Int
    let token: String
    let node: String

    var title: String { "\(login.cluster.name)/\(node)" }
    var way: any ShellWay { login.way }
    /// The job's own script looks after it.
    var relayOptions: String { "" }

    func agentCommand(_ arguments: String, hasTerminal: Bool) async throws(SSHFailure) -> String {
        login.scripts.command(
            on: node, of: job, token, agent: try await login.delivery.program(), arguments,
            hasTerminal: hasTerminal)
    }

    func exists(_ path: String, in directory: String) async throws(SSHFailure) -> Bool {
        let outcome = try await way.run(try await agentCommand("files look \(ShellWords.place(directory, path))"))
        guard let reply = HostReply(in: outcome.output) else { throw .broken(outcome.lastLine) }
        if let failure = reply.failure { throw .host(failure) }
        guard let exists = reply.exists else { throw .broken("no answer to a look") }
        return exists
    }

    /// A link that broke may have broken with the job.
    func meaning(of failure: SSHFailure) async -> SSHFailure {
        guard let standing = try? await login.state(of: job, token) else { return failure }
        switch standing {
        case .job(let job, _, _, _):
            return job.state.isAlive ? failure : .host(HostFailure(.lost, job.lossReason))
        case .unknown: return .host(HostFailure(.lost, "job \(job) has ended"))
        case .none: return failure
        }
    }

    func providerError(_ failure: SSHFailure, _ provider: String) -> ProviderError {
        if case .host(let failure) = failure, failure.kind == .lost {
            return login.failure(.lost, failure.message)
        }
        return login.providerError(failure)
    }
}
