import SkyCore
import SkyProcess
import SkyRuntime

/// Speaks with a cluster by the commands of its login host.
struct SlurmLogin: Sendable {
    let provider: String
    let cluster: SlurmCluster
    let way: any ShellWay
    /// How OpenSSH is called, for what people are told; nil on this machine.
    let options: SSHOptions?
    let delivery: AgentDelivery
    let scripts: SlurmScripts

    init(
        provider: String, cluster: SlurmCluster, way: any ShellWay, options: SSHOptions?, agents: AgentPrograms,
        known: KnownMachines
    ) {
        self.provider = provider
        self.cluster = cluster
        self.way = way
        self.options = options
        scripts = SlurmScripts(cluster: cluster)
        delivery = AgentDelivery(way: way, agents: agents, known: known, base: scripts.base)
    }

    func failure(_ kind: ProviderError.Kind, _ message: String) -> ProviderError {
        ProviderError(kind, provider: provider, "cluster \(cluster.name): \(message)")
    }

    func providerError(_ error: SSHFailure) -> ProviderError {
        if let host = cluster.login, let options {
            return failure(error.kind, error.message(of: host, options))
        }
        let message: String =
            switch error {
            case .setup(let reason), .agentFails(let reason), .broken(let reason), .unreachable(let reason),
                .refused(let reason):
                reason
            case .host(let failure): failure.message
            case .notLinux(let system): "it runs \(system): nodes need Linux"
            case .noAgent(let architecture, let wanted): "no agent for \(architecture): there is no \(wanted)"
            case .unknownKey, .changedKey: "its key is not the one that is known"
            case .cancelled: "given up"
            }
        return failure(error.kind, message)
    }

    // MARK: Asking

    func ask(_ script: String, limit: Duration = .seconds(120)) async throws(ProviderError) -> SlurmAnswer {
        let outcome: ShellCommand.Outcome
        do throws(SSHFailure) { outcome = try await way.run(script: script, limit: limit) } catch {
            throw providerError(error)
        }
        let answer = SlurmAnswer(outcome.output)
        if let reason = answer.value("down") {
            let said = reason.isEmpty ? outcome.lastLine : reason
            throw failure(.transient, "Slurm does not answer: \(said). See `\(commandForPeople("sinfo"))`")
        }
        if answer.has("busy") { throw failure(.transient, "another broker is submitting jobs there") }
        if answer.has("closed") {
            throw failure(.badRequest, "nothing can be written to \(scripts.base) there: \(outcome.lastLine)")
        }
        if let command = answer.value("nocommand") {
            throw failure(
                .badRequest,
                "there is no command \(command): say where Slurm's commands are by 'commands' in slurm.yaml")
        }
        return answer
    }

    private func commandForPeople(_ command: String) -> String {
        guard let host = cluster.login, let options else { return command }
        return "\(options.commandForPeople(host)) \(command)"
    }

    func facts() async throws(ProviderError) -> SlurmFacts {
        guard let facts = SlurmFacts(try await ask(scripts.facts, limit: .seconds(60))) else {
            throw failure(.transient, "`\(commandForPeople("sinfo"))` says nothing of use")
        }
        return facts
    }

    /// The agent's program on the cluster's shared file system, as a word of the login host's shell.
    func agent() async throws(ProviderError) -> String {
        do throws(SSHFailure) {
            _ = try await delivery.bring()
            return try await delivery.program()
        } catch { throw providerError(error) }
    }

    // MARK: Jobs

    /// What became of a job, or of a token's.
    enum Standing: Sendable {
        /// - Parameter wasUp: all of its agents have answered once.
        case job(SlurmJob, hosts: [String], said: String, wasUp: Bool)
        /// Nobody knows it any more: it ended long ago.
        case unknown
        /// There was none.
        case none
    }

    func submit(_ order: SlurmOrder) async throws(ProviderError) -> Standing {
        let answer = try await ask(scripts.submit(order))
        if answer.has("gone") { throw failure(.lost, "group \(order.request.token) was given back") }
        let refusal = answer.values("refused").filter { !$0.isEmpty }
        if answer.has("refused") {
            let said = refusal.last.map(Self.plain) ?? "it said nothing"
            let kind = SlurmReason.kind(ofComplaint: refusal.joined(separator: " "))
            throw failure(kind, "sbatch takes no such job: \(said) (\(order.machine.partition))")
        }
        return standing(answer)
    }

    /// Without what `sbatch` says before it comes to the point.
    private static func plain(_ line: String) -> String {
        var line = line[...]
        for start in ["sbatch: ", "error: ", "Batch job submission failed: "] where line.hasPrefix(start) {
            line = line.dropFirst(start.count)
        }
        return String(line)
    }

    func state(of job: Int, _ token: String) async throws(ProviderError) -> Standing {
        standing(try await ask(scripts.state(of: job, token)))
    }

    /// Of a group that only its token is known of; with what its note says.
    func state(of token: String) async throws(ProviderError) -> (standing: Standing, note: NodeGroupNote?) {
        let answer = try await ask(scripts.state(of: token))
        let note = answer.value("group").flatMap { NodeGroupNote(String($0.dropFirst(token.count + 1))) }
        return (standing(answer), note)
    }

    private func standing(_ answer: SlurmAnswer) -> Standing {
        let said = answer.values("said").joined(separator: "; ")
        if let job = answer.value("job").flatMap(SlurmJob.init(line:)) {
            return .job(job, hosts: answer.values("host"), said: said, wasUp: answer.has("up"))
        }
        if let past = answer.value("past")?.split(separator: " ", maxSplits: 1), past.count == 2,
            let id = Int(past[0]), let job = SlurmJob(id: id, accounts: String(past[1]))
        {
            return .job(job, hosts: [], said: said, wasUp: answer.has("up"))
        }
        return answer.has("unknown") ? .unknown : .none
    }

    /// Ends the token's job and takes away what is there of it.
    func end(_ token: String, forGood: Bool) async throws(ProviderError) {
        let answer = try await ask(scripts.end(token, forGood: forGood), limit: .seconds(180))
        if let job = answer.value("left") { throw failure(.transient, "job \(job) does not end") }
        guard answer.has("end") else { throw failure(.transient, "the link broke while a job was being ended") }
    }

    // MARK: Nodes

    /// Nil while not all of its agents answer.
    func members(of job: Int, nodes: Int, _ token: String) async throws(ProviderError) -> [SlurmGroupRecord.Member]? {
        let answer = try await ask(scripts.look(at: job, nodes: nodes, token))
        guard answer.has("end") else { return nil }
        func pairs(_ key: String) -> [[String]] {
            answer.values(key).map { $0.split(separator: " ", maxSplits: 2).map(String.init) }
        }
        let addresses = Dictionary(
            pairs("address").compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil }, uniquingKeysWith: { a, _ in a })
        let found = pairs("node").compactMap { parts -> (Int, SlurmGroupRecord.Member)? in
            guard parts.count == 3, let rank = Int(parts[0]) else { return nil }
            return (
                rank,
                SlurmGroupRecord.Member(
                    node: parts[1], address: addresses[parts[1]] ?? parts[1], directory: parts[2])
            )
        }.sorted { $0.0 < $1.0 }
        guard found.map(\.0) == Array(0..<nodes) else { return nil }
        return found.map(\.1)
    }
}
