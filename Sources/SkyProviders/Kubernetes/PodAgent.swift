import SkyKubernetes
import SkyRuntime

/// Speaks with the `sky-agent` in a pod, which is brought there when it is missing.
struct PodAgent: Sendable {
    let session: KubernetesSession
    let pod: String
    let way: any ShellWay
    private let delivery: AgentDelivery

    init(_ session: KubernetesSession, pod: String) {
        self.session = session
        self.pod = pod
        way = session.way(to: pod)
        let base = session.cluster.directory.map { "\"\($0)\"" } ?? "\"${HOME:-/root}\"/.sky-host"
        delivery = AgentDelivery(way: way, agents: session.tools.agents, known: session.tools.known, base: base)
    }

    func claim(_ claim: HostClaim) async throws(SSHFailure) -> HostNode {
        let reply = try await ask("host claim --base \(delivery.base)", input: .text(claim.text))
        guard let node = reply.nodes.first else { throw .broken("no node in the answer") }
        return node
    }

    private func ask(
        _ arguments: String, input: ShellCommand.Input = .nothing
    ) async throws(SSHFailure) -> HostReply {
        var hasBrought = false
        while true {
            let outcome = try await way.run(try await agentCommand(arguments, hasTerminal: false), input: input)
            if let reply = HostReply(in: outcome.output) {
                if let failure = reply.failure { throw .host(failure) }
                return reply
            }
            // It was there when it was looked for: what it says is why it does not run.
            guard !hasBrought else { throw .agentFails(outcome.lastLine) }
            _ = try await delivery.bring()
            hasBrought = true
        }
    }
}

extension PodAgent: AgentPlace {
    var title: String { "\(session.cluster.name)/\(pod)" }
    /// The pod is a node of its own: what died with it does not come back.
    var relayOptions: String { " --start --machine" }

    func agentCommand(_ arguments: String, hasTerminal: Bool) async throws(SSHFailure) -> String {
        "exec \(try await delivery.program()) \(arguments)"
    }

    func exists(_ path: String, in directory: String) async throws(SSHFailure) -> Bool {
        let reply = try await ask("files look \(ShellWords.place(directory, path))")
        guard let exists = reply.exists else { throw .broken("no answer to a look") }
        return exists
    }

    func forward(port: Int, for directory: String) async throws(SSHFailure) -> Int? {
        session.tools.forwards.port(leadingTo: port, of: pod, session)
    }

    /// A link that broke may have broken with the pod.
    func meaning(of failure: SSHFailure) async -> SSHFailure {
        do throws(KubernetesError) {
            guard case .over(_, let words) = PodStanding(try await session.pod(pod)) else { return failure }
            return .host(HostFailure(.lost, "pod \(pod): \(words)"))
        } catch {
            return error.isNotFound ? .host(HostFailure(.lost, "there is no pod \(pod) any more")) : failure
        }
    }

    func providerError(_ failure: SSHFailure, _ provider: String) -> ProviderError {
        let message: String =
            switch failure {
            case .setup(let reason), .broken(let reason), .unreachable(let reason), .refused(let reason): reason
            case .agentFails(let reason):
                "sky-agent does not run in pod \(pod): \(reason). A debug build needs the libraries of this machine: build it with scripts/build-release.sh"
            case .host(let failure) where failure.kind == .noSpace:
                "pod \(pod) has no room left: \(failure.message). Set 'directory' in kubernetes.yaml to a place that has"
            case .host(let failure): failure.message
            case .notLinux(let system): "pod \(pod) runs \(system): nodes need Linux"
            case .noAgent(let architecture, let wanted):
                "pod \(pod) has \(architecture) processors, and there is no \(wanted): build it there with scripts/build-release.sh and put it in that place"
            case .unknownKey, .changedKey: "the cluster is not the one that it was"
            case .cancelled: "given up"
            }
        return session.failure(failure.kind, message)
    }
}
