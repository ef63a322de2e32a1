import SkyCore
import SkyRuntime

extension SlurmAdapter {
    public func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        let machines = try machines(for: request)
        let login = try login(request.region)
        let record = try await submit(request, machines, login)
        guard record.state != .running else { return try await confirm(record) }
        defer { waiting.set(nil, of: request.token) }
        var wait = SlurmWait(queueLimit: login.cluster.queueLimit, patience: patience)
        while true {
            var end: String?
            do throws(ProviderError) {
                let look = try await look(at: record, login)
                wait.heard(look.reason)
                if case .running(let job, let members) = look { return try await take(job, members, for: record) }
                if case .ended(let words) = look { end = words }
            } catch {
                // Its login host cannot be reached: the job stays in the queue all the same.
                guard error.kind == .transient, wait.bears(error) else { throw error }
            }
            if let end { throw try await ended(record, end, login) }
            waiting.set(wait.reason == nil ? nil : wait.words(job: record.job), of: request.token)
            if wait.isOver { throw try await giveUp(record, wait, login) }
            guard (try? await Task.sleep(for: .milliseconds(wait.nextPause()))) != nil else {
                // The job stays: whoever asks again under the token goes on with it, and whoever gives it back finds it.
                throw ProviderError(.transient, provider: provider, "given up")
            }
        }
    }

    // MARK: Asking for it

    /// What fits, in the partitions that have it.
    private func machines(for request: NodeGroupRequest) throws(ProviderError) -> [SlurmMachine] {
        func refusal(_ kind: ProviderError.Kind, _ message: String) -> ProviderError {
            ProviderError(kind, provider: provider, message)
        }
        guard GroupFolder.isName(request.token) else {
            throw refusal(.badRequest, "'\(request.token)' cannot be a group's token")
        }
        guard request.numNodes > 0 else { throw refusal(.badRequest, "a group has at least one node") }
        let cluster = try login(request.region).cluster
        guard cluster.facts != nil else {
            throw refusal(.transient, "what cluster \(cluster.name) has is not known: type `sky check`")
        }
        let fitting = cluster.machines.filter { machine in
            machine.machineType == request.instanceType && (request.zone ?? machine.partition) == machine.partition
                && (request.isSpot || !machine.nodes.isPreemptible)
        }
        guard let first = fitting.first else {
            let place = request.zone.map { "partition \($0) of " } ?? ""
            throw refusal(
                .noCapacity, "\(place)cluster \(cluster.name) has no '\(request.instanceType)' now: see `sky check`")
        }
        let large = fitting.filter { $0.count >= request.numNodes }
        guard !large.isEmpty else {
            let most = fitting.map(\.count).max() ?? 0
            throw refusal(
                .quota,
                "cluster \(cluster.name) gives a job \(most) of '\(request.instanceType)' in partition "
                    + "\(first.partition), not \(request.numNodes)")
        }
        return large
    }

    /// The group's record, with its job in the queue.
    private func submit(
        _ request: NodeGroupRequest, _ machines: [SlurmMachine], _ login: SlurmLogin
    ) async throws(ProviderError) -> SlurmGroupRecord {
        let lock = try await lock(request.token)
        defer { lock.release() }
        guard !books.isGone(request.token) else { throw lost(request.token, "was given back") }
        var record = try load(request.token) ?? SlurmGroupRecord(request)
        guard record.state != .lost else { throw lost(request.token, "is gone") }
        guard record.request.asksForMachines(of: request) else {
            throw ProviderError(
                .badRequest, provider: provider, "token \(request.token) already stands for a group of other machines")
        }
        if record.job != nil { return record }
        try save(record)
        // One request for several partitions has one time limit, one account and one QOS.
        let alike = machines.filter { $0.timeLimit == machines[0].timeLimit && $0.terms == machines[0].terms }
        let order = SlurmOrder(
            request: request, machine: machines[0], partitions: alike.map(\.partition), agent: try await login.agent())
        let standing: SlurmLogin.Standing
        do throws(ProviderError) { standing = try await login.submit(order) } catch {
            // What was refused is not there; of everything else nobody knows.
            if ![.transient, .lost].contains(error.kind) { try forget(request.token) }
            throw error
        }
        guard case .job(let job, _, _, _) = standing else {
            throw login.failure(.transient, "the answer to a submission was lost")
        }
        record.job = job.id
        try save(record)
        return record
    }

    private func lost(_ token: String, _ what: String) -> ProviderError {
        ProviderError(.lost, provider: provider, "group \(token) \(what)")
    }

    private func forget(_ token: String) throws(ProviderError) {
        do { try store.remove(token) } catch { throw error.providerError(provider) }
    }

    /// A group that came up before: its job must still run.
    private func confirm(_ record: SlurmGroupRecord) async throws(ProviderError) -> NodeGroup {
        let token = record.request.token
        guard let group = try await describe(token: token), group.state == .running else {
            throw lost(token, "is gone")
        }
        return group
    }

    // MARK: Waiting for it

    private enum Look {
        case waits(reason: String?)
        /// All agents answer.
        case running(SlurmJob, [SlurmGroupRecord.Member])
        case ended(String)

        var reason: String? { if case .waits(let reason) = self { reason } else { nil } }
    }

    private func look(at record: SlurmGroupRecord, _ login: SlurmLogin) async throws(ProviderError) -> Look {
        let token = record.request.token
        guard !books.isGone(token) else { throw lost(token, "was given back") }
        guard let job = record.job, case .job(let now, _, let said, let wasUp) = try await login.state(of: job, token)
        else {
            return .ended("Slurm does not know its job any more")
        }
        guard now.state.isAlive else {
            // Somebody had it: there is no way back.
            guard !wasUp else { throw lost(token, "is gone: \(now.lossReason)") }
            return .ended(said.isEmpty ? now.lossReason : "\(now.lossReason): \(said)")
        }
        guard now.state == .running else { return .waits(reason: now.reason) }
        let members = try await login.members(of: job, nodes: record.request.numNodes, token)
        return members.map { .running(now, $0) } ?? .waits(reason: nil)
    }

    /// The group is there, unless somebody has given it back meanwhile.
    private func take(
        _ job: SlurmJob, _ members: [SlurmGroupRecord.Member], for known: SlurmGroupRecord
    ) async throws(ProviderError) -> NodeGroup {
        let token = known.request.token
        let lock = try await lock(token)
        defer { lock.release() }
        guard !books.isGone(token), let stored = try load(token), stored.state != .lost else {
            throw lost(token, "was given back")
        }
        var record = known
        (record.members, record.state, record.startedAt) = (members, .running, job.startTime)
        try save(record)
        return record.group(of: provider)
    }

    /// A job that ended before anybody could use it: somebody gave the group back, or it did not come up.
    private func ended(
        _ record: SlurmGroupRecord, _ words: String, _ login: SlurmLogin
    ) async throws(ProviderError) -> ProviderError {
        let token = record.request.token
        if books.isGone(token) { return lost(token, "was given back") }
        try await withdraw(token, login)
        if books.isGone(token) { return lost(token, "was given back") }
        return login.failure(.transient, "the group did not come up: \(words)")
    }

    /// A job that has waited long enough, or would for ever.
    private func giveUp(
        _ record: SlurmGroupRecord, _ wait: SlurmWait, _ login: SlurmLogin
    ) async throws(ProviderError) -> ProviderError {
        try await withdraw(record.request.token, login)
        let kind = wait.reason.map(SlurmReason.whatItWaitedFor) ?? .noCapacity
        return login.failure(kind, "\(wait.words(job: record.job)); it is taken back")
    }

    /// Takes the job back as if it had never been.
    private func withdraw(_ token: String, _ login: SlurmLogin) async throws(ProviderError) {
        let lock = try await lock(token)
        defer { lock.release() }
        guard !books.isGone(token), try load(token)?.state != .lost else { return }
        try await login.end(token, forGood: false)
        try forget(token)
    }
}
