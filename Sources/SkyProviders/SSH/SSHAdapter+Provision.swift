import SkyCore
import SkyRuntime

extension SSHAdapter {
    public func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        let candidates = try candidates(for: request)
        let limit = pools.pool(named: request.region)?.queueLimit ?? .zero
        let end = ContinuousClock.now + .milliseconds(limit.milliseconds)
        var pause: Int64 = 1000
        defer { waiting.set(nil, of: request.token) }
        while true {
            let shortage: Shortage
            switch try await attempt(request, candidates) {
            case .whole(let group): return group
            case .short(let reason): shortage = reason
            }
            guard let reason = shortage.reason else { continue }
            guard shortage.mayPass, .now < end else { throw reason }
            waiting.set(Self.wordsOfWait(request, shortage), of: request.token)
            // Not all at the same moments: of two gangs that each have half, neither would ever get the rest.
            let doze = pause / 2 + Int64.random(in: 0...pause / 2)
            guard (try? await Task.sleep(for: .milliseconds(doze))) != nil else {
                throw ProviderError(.transient, provider: provider, "given up")
            }
            pause = min(pause * 3 / 2, 10_000)
        }
    }

    private static func wordsOfWait(_ request: NodeGroupRequest, _ shortage: Shortage) -> String {
        let hosts = request.numNodes == 1 ? "a host" : "\(request.numNodes) hosts at once"
        return "waits for \(hosts) of pool \(request.region) (\(shortage.holders))"
    }

    private enum Attempt {
        case whole(NodeGroup)
        case short(Shortage)
    }

    /// Takes what is free now: the whole group, or nothing.
    private func attempt(
        _ request: NodeGroupRequest, _ candidates: [SSHHost]
    ) async throws(ProviderError) -> Attempt {
        let lock = try await lock(request.token)
        defer { lock.release() }
        guard !books.isGone(request.token) else { throw lost(request.token, "was given back") }
        var record = try load(request.token) ?? SSHGroupRecord(request)
        guard record.state != .lost else { throw lost(request.token, "is gone") }
        guard record.request.asksForMachines(of: request) else {
            throw ProviderError(
                .badRequest, provider: provider, "token \(request.token) already stands for a group of other machines")
        }
        guard record.state != .running else { return .whole(try await confirm(record)) }
        var failures: [String: SSHFailure] = [:]
        while let failure = try await fill(&record, from: candidates, &failures) {
            try failIfGivenUp()
            guard failure.reason != nil else { continue }
            try await withdraw(&record)
            return .short(failure)
        }
        record.state = .running
        try save(record)
        return .whole(record.group(of: provider))
    }

    /// The hosts that are what is asked for.
    private func candidates(for request: NodeGroupRequest) throws(ProviderError) -> [SSHHost] {
        func refusal(_ message: String) -> ProviderError { ProviderError(.badRequest, provider: provider, message) }
        guard GroupFolder.isName(request.token) else { throw refusal("'\(request.token)' cannot be a group's token") }
        guard request.numNodes > 0 else { throw refusal("a group has at least one node") }
        guard let pool = pools.pool(named: request.region) else {
            let names = pools.pools.map(\.name)
            let hint = nearestName(to: request.region, among: names).map { "; did you mean '\($0)'?" } ?? ""
            throw refusal("ssh.yaml has no pool '\(request.region)'\(hint)")
        }
        let hosts = pool.hosts.filter { host in
            host.shape.machineType == request.instanceType && (request.zone == nil || host.zone == request.zone)
        }
        guard !hosts.isEmpty else { throw refusal("pool \(pool.name) has no host '\(request.instanceType)'") }
        guard hosts.count >= request.numNodes else {
            throw ProviderError(
                .quota, provider: provider,
                "pool \(pool.name) has \(hosts.count) of '\(request.instanceType)', not \(request.numNodes)")
        }
        return hosts
    }

    private func lost(_ token: String, _ what: String) -> ProviderError {
        ProviderError(.lost, provider: provider, "group \(token) \(what)")
    }

    /// What is on its way stays: whoever asks again under the token goes on with it, and whoever gives it back finds it.
    private func failIfGivenUp() throws(ProviderError) {
        if Task.isCancelled { throw ProviderError(.transient, provider: provider, "given up") }
    }

    /// A group that came up before: all of it must still be there.
    private func confirm(_ record: SSHGroupRecord) async throws(ProviderError) -> NodeGroup {
        let hosts = record.members.enumerated().compactMap { rank, member in
            member.flatMap { host(titled: $0.host) }.map { (rank, $0) }
        }
        guard hosts.count == record.request.numNodes else { throw lost(record.request.token, "has lost a host") }
        for (host, answer) in await claim(hosts, record.request) {
            if case .failure(let failure) = answer { throw failure.providerError(provider, host, try options()) }
        }
        return record.group(of: provider)
    }

    /// What a round came to that did not end with a whole group: nil for another round.
    private struct Shortage {
        var reason: ProviderError?
        /// Some of the hosts are only in use.
        var mayPass = false
        /// Who has them, for people.
        var holders = ""
    }

    /// Asks one more host for each rank that has none. Nil when all ranks have one.
    private func fill(
        _ record: inout SSHGroupRecord, from candidates: [SSHHost], _ failures: inout [String: SSHFailure]
    ) async throws(ProviderError) -> Shortage? {
        let taken = Set(record.members.compactMap { $0?.host })
        var free = candidates.filter { !taken.contains($0.title) && failures[$0.title] == nil }[...]
        var asked: [(Int, SSHHost)] = []
        for rank in record.members.indices {
            if let member = record.members[rank] {
                // Written down by a broker that died before it heard of the host's answer.
                guard member.directory == nil else { continue }
                guard let host = host(titled: member.host) else {
                    record.members[rank] = nil
                    return Shortage()
                }
                asked.append((rank, host))
            } else if let host = free.popFirst() {
                let address =
                    if let peer = host.peerAddress { peer } else {
                        try await session(host).connection.resolvedAddress()
                    }
                record.members[rank] = SSHGroupRecord.Member(host: host.title, address: address)
                asked.append((rank, host))
            } else {
                return try shortage(record, failures, candidates)
            }
        }
        guard !asked.isEmpty else { return nil }
        let before = record.touched
        for (_, host) in asked { record.touch(host.title) }
        try save(record)
        for ((rank, host), (_, answer)) in zip(asked, await claim(asked, record.request)) {
            switch answer {
            case .success(let node): record.members[rank]?.directory = node.directory
            case .failure(let failure):
                if failure == .cancelled { continue }
                record.members[rank] = nil
                failures[host.title] = failure
                if failure.saysNothingWasMade, !before.contains(host.title) {
                    record.touched.removeAll { $0 == host.title }
                }
            }
        }
        try save(record)
        return Shortage()
    }

    private func claim(
        _ hosts: [(Int, SSHHost)], _ request: NodeGroupRequest
    ) async -> [(host: SSHHost, answer: Result<HostNode, SSHFailure>)] {
        let note = NodeGroupNote(request: request).text
        let ranks = Dictionary(hosts.map { ($0.1, $0.0) }, uniquingKeysWith: { first, _ in first })
        return await onEach(hosts.map(\.1)) { (session) async throws(SSHFailure) in
            try await session.claim(
                HostClaim(
                    token: request.token, rank: ranks[session.host] ?? 0, note: note, lease: request.lease?.milliseconds
                ))
        }
    }

    /// Why there are not enough hosts, and what each of them says.
    private func shortage(
        _ record: SSHGroupRecord, _ failures: [String: SSHFailure], _ hosts: [SSHHost]
    ) throws(ProviderError) -> Shortage {
        let options = try options()
        let told = hosts.compactMap { host in failures[host.title].map { (host, $0) } }
        let reasons = told.map { $1.message(of: $0, options) }.joined(separator: "; ")
        let kinds = Set(told.map { $1.kind })
        // All of one mind: then it is that. Otherwise there are just not enough.
        let kind = kinds.count == 1 ? kinds.first ?? .noCapacity : .noCapacity
        let free = record.members.count { $0 != nil }
        let reason = ProviderError(
            kind, provider: provider,
            "\(free) of \(record.request.numNodes) hosts of pool \(record.request.region) could be had: \(reasons)")
        let held = told.filter { $1.isHeld }
        return Shortage(
            reason: reason, mayPass: !held.isEmpty,
            holders: held.map { $1.message(of: $0, options) }.joined(separator: "; "))
    }

    /// Half a group is none. A host that does not hear of it ends the node itself when its lease runs out.
    private func withdraw(_ record: inout SSHGroupRecord) async throws(ProviderError) {
        let token = record.request.token
        let answers = await onEach(record.touched.compactMap(host(titled:))) { (session) async throws(SSHFailure) in
            try await session.withdraw(token: token)
        }
        let left = answers.compactMap { host, answer in if case .failure = answer { host.title } else { nil } }
        record.members = Array(repeating: nil, count: record.request.numNodes)
        record.touched = left
        do {
            if left.isEmpty { try store.remove(token) } else { try store.save(record) }
        } catch { throw error.providerError(provider) }
    }
}
