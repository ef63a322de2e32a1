import SkyCore
import SkyKubernetes
import SkyRuntime

extension KubernetesAdapter {
    public func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        let machine = try machine(for: request)
        let session = try session(request.region)
        let record = try await makePods(request, machine, session)
        guard record.state != .running else { return try await confirm(record) }
        defer { waiting.set(nil, of: request.token) }
        var wait = PodWait(queueLimit: session.cluster.queueLimit, patience: patience)
        while true {
            guard !books.isGone(request.token) else { throw lost(request.token, "was given back") }
            do throws(KubernetesError) {
                wait.heard(try await session.pods(of: request.token), of: request.numNodes)
            } catch {
                // The pods stay as they are while nobody answers.
                let failure = session.failure(error)
                guard failure.kind == .transient, wait.bears else { throw failure }
            }
            if let pods = wait.whole { return try await take(pods, record, session) }
            if wait.isOver { throw try await giveUp(record, wait, session) }
            waiting.set(wait.words.map { "waits for \($0)" }, of: request.token)
            guard (try? await Task.sleep(for: .milliseconds(wait.nextPause()))) != nil else {
                // The pods stay: whoever asks again under the token goes on with them, and whoever gives it back finds them.
                throw ProviderError(.transient, provider: provider, "given up")
            }
        }
    }

    // MARK: Asking for it

    private func machine(for request: NodeGroupRequest) throws(ProviderError) -> KubernetesMachine {
        func refusal(_ kind: ProviderError.Kind, _ message: String) -> ProviderError {
            ProviderError(kind, provider: provider, message)
        }
        guard GroupFolder.isName(request.token) else {
            throw refusal(.badRequest, "'\(request.token)' cannot be a group's token")
        }
        guard request.numNodes > 0 else { throw refusal(.badRequest, "a group has at least one node") }
        if let port = request.servicePort, !(1...65_535).contains(port) {
            throw refusal(.badRequest, "\(port) is no port")
        }
        let cluster = try session(request.region).cluster
        guard cluster.facts != nil else {
            throw refusal(.transient, "what cluster \(cluster.name) has is not known: type `sky check`")
        }
        let fitting = cluster.machines.filter { machine in
            machine.machineType == request.instanceType && (request.zone == nil || request.zone == machine.zone)
                && (request.isSpot || !machine.isPreemptible)
        }
        // Nodes that stay serve as well where those would do that may be taken away; the other way round they do not.
        guard let machine = fitting.first(where: { $0.isPreemptible == request.isSpot }) ?? fitting.first else {
            let place = request.zone.map { "zone \($0) of " } ?? ""
            throw refusal(
                .noCapacity, "\(place)cluster \(cluster.name) has no '\(request.instanceType)' now: see `sky check`")
        }
        let most = fitting.reduce(0) { $0 + $1.count }
        guard most >= request.numNodes else {
            throw refusal(
                .quota,
                "cluster \(cluster.name) has room for \(most) of '\(request.instanceType)', not \(request.numNodes)")
        }
        return machine
    }

    func lost(_ token: String, _ what: String) -> ProviderError {
        ProviderError(.lost, provider: provider, "group \(token) \(what)")
    }

    /// The group's record, with all of its pods in the cluster.
    private func makePods(
        _ request: NodeGroupRequest, _ machine: KubernetesMachine, _ session: KubernetesSession
    ) async throws(ProviderError) -> KubernetesGroupRecord {
        let lock = try await lock(request.token)
        defer { lock.release() }
        guard !books.isGone(request.token) else { throw lost(request.token, "was given back") }
        let record = try load(request.token) ?? KubernetesGroupRecord(request, namespace: session.namespace)
        guard record.state != .lost else { throw lost(request.token, "is gone") }
        guard record.request.asksForMachines(of: request) else { throw otherMachines(request.token) }
        guard record.state != .running else { return record }
        try save(record)
        let there = try await asking(session) { () async throws(KubernetesError) in
            try await session.pods(of: request.token)
        }
        guard there.allSatisfy({ PodNames.request(of: $0)?.asksForMachines(of: request) == true }) else {
            throw otherMachines(request.token)
        }
        let ranks = Set(there.compactMap(PodNames.rank))
        let manifests = (0..<request.numNodes).filter { !ranks.contains($0) }.map {
            Self.manifest($0, request, machine, session.cluster)
        }
        // Whoever is cancelled must not give the lock back while a pod of theirs may still be on its way into the cluster.
        let made = await Task { await Self.create(manifests, of: request.token, session) }.value
        do throws(KubernetesError) { try made.get() } catch { throw try await refused(error, record, session) }
        return record
    }

    private func otherMachines(_ token: String) -> ProviderError {
        ProviderError(.badRequest, provider: provider, "token \(token) already stands for a group of other machines")
    }

    /// So many pods are asked for at once.
    private static let width = 8

    private static func create(
        _ manifests: [PodManifest], of token: String, _ session: KubernetesSession
    ) async -> Result<Void, KubernetesError> {
        await withTaskGroup(of: KubernetesError?.self) { tasks in
            var rest = manifests[...]
            var failure: KubernetesError?
            func next() {
                guard failure == nil, let manifest = rest.popFirst() else { return }
                tasks.addTask { await create(manifest, of: token, session) }
            }
            for _ in 0..<width { next() }
            for await outcome in tasks {
                failure = failure ?? outcome
                next()
            }
            return failure.map { .failure($0) } ?? .success(())
        }
    }

    /// Nil if it is there now, whoever has made it.
    private static func create(
        _ manifest: PodManifest, of token: String, _ session: KubernetesSession
    ) async -> KubernetesError? {
        do throws(KubernetesError) {
            _ = try await session.create(manifest)
            return nil
        } catch {
            guard error.isConflict, let name = manifest.metadata.name else { return error }
            // The answer to an earlier request was lost, or another broker was faster.
            guard let there = try? await session.pod(name), there.metadata.deletionTimestamp == nil,
                let request = PodNames.request(of: there), request.token == token
            else { return error }
            return nil
        }
    }

    private static func manifest(
        _ rank: Int, _ request: NodeGroupRequest, _ machine: KubernetesMachine, _ cluster: KubernetesCluster
    ) -> PodManifest {
        var resources = machine.resources
        if let disk = request.diskGiB { resources["ephemeral-storage"] = "\(disk)Gi" }
        var manifest = PodManifest(
            metadata: PodNames(token: request.token).metadata(rank, request), image: request.image ?? cluster.image,
            requests: resources, limits: resources, ports: rank == 0 ? request.servicePort.map { [$0] } ?? [] : [])
        manifest.spec.nodeSelector = machine.nodeSelector(cluster, inZone: request.zone)
        let taints = Set(machine.nodes.taints + cluster.tolerations).sorted()
        if !taints.isEmpty { manifest.spec.tolerations = taints.map { PodManifest.Toleration(key: $0) } }
        if !cluster.imagePullSecrets.isEmpty {
            manifest.spec.imagePullSecrets = cluster.imagePullSecrets.map { PodManifest.Reference(name: $0) }
        }
        manifest.spec.serviceAccountName = cluster.serviceAccount
        // Only who names an account means to use it.
        manifest.spec.automountServiceAccountToken = cluster.serviceAccount != nil
        manifest.spec.priorityClassName = cluster.priorityClass
        manifest.spec.runtimeClassName = cluster.runtimeClass
        return manifest
    }

    /// Half a group is none. After an answer that was lost, what is there stays for whoever asks again.
    private func refused(
        _ error: KubernetesError, _ record: KubernetesGroupRecord, _ session: KubernetesSession
    ) async throws(ProviderError) -> ProviderError {
        let failure = session.failure(error)
        guard error.kind == .refused, failure.kind != .transient else { return failure }
        try await withdraw(record.request.token, session)
        return failure
    }

    // MARK: Waiting for it

    /// The group is there, unless somebody has given it back meanwhile.
    private func take(
        _ pods: [Pod], _ record: KubernetesGroupRecord, _ session: KubernetesSession
    ) async throws(ProviderError) -> NodeGroup {
        let request = record.request
        let answers = await claims(request, pods.map { $0.metadata.name ?? "" }, session)
        guard !books.isGone(request.token) else { throw lost(request.token, "was given back") }
        var members: [KubernetesGroupRecord.Member] = []
        for (rank, pod) in pods.enumerated() {
            guard let answer = answers[rank], case .running(let address) = PodStanding(pod) else {
                throw session.failure(.transient, "nothing was heard of pod \(pod.metadata.name ?? "")")
            }
            members.append(
                .init(
                    pod: pod.metadata.name ?? "", uid: pod.metadata.uid ?? "", address: address,
                    directory: try answer.get().directory))
        }
        let lock = try await lock(request.token)
        defer { lock.release() }
        guard !books.isGone(request.token), let stored = try load(request.token), stored.state != .lost else {
            throw lost(request.token, "was given back")
        }
        var record = stored
        (record.members, record.state) = (members, .running)
        try save(record)
        return record.group(of: provider)
    }

    /// A group that came up before: all of it must still be there, and its agents are started if they are not.
    private func confirm(_ record: KubernetesGroupRecord) async throws(ProviderError) -> NodeGroup {
        let token = record.request.token
        guard let group = try await describe(token: token), group.state == .running else {
            throw lost(token, "is gone")
        }
        let answers = await claims(record.request, record.members.map(\.pod), try session(record.request.region))
        for answer in answers.values { _ = try answer.get() }
        return group
    }

    /// What came of a pod's agent.
    private struct Claimed: Sendable {
        let rank: Int
        let answer: Result<HostNode, ProviderError>
    }

    /// By rank: each pod's agent is brought, started, and told whose it is.
    private func claims(
        _ request: NodeGroupRequest, _ pods: [String], _ session: KubernetesSession
    ) async -> [Int: Result<HostNode, ProviderError>] {
        await withTaskGroup(of: Claimed.self) { tasks in
            var next = 0
            var answers: [Int: Result<HostNode, ProviderError>] = [:]
            func add() {
                guard next < pods.count else { return }
                let (rank, agent) = (next, PodAgent(session, pod: pods[next]))
                next += 1
                tasks.addTask {
                    let answer: Result<HostNode, ProviderError>
                    do throws(ProviderError) {
                        answer = .success(try await claim(request, rank: rank, by: agent))
                    } catch { answer = .failure(error) }
                    return Claimed(rank: rank, answer: answer)
                }
            }
            for _ in 0..<Self.width { add() }
            for await claimed in tasks {
                answers[claimed.rank] = claimed.answer
                add()
            }
            return answers
        }
    }

    /// Pods that have waited long enough, or would for ever: all of them go, and the cluster's own words say why.
    private func giveUp(
        _ record: KubernetesGroupRecord, _ wait: PodWait, _ session: KubernetesSession
    ) async throws(ProviderError) -> ProviderError {
        let token = record.request.token
        if books.isGone(token) { return lost(token, "was given back") }
        var words = wait.words ?? "its pods"
        if let pod = wait.stuck, let warning = await session.lastWarning(of: pod), !words.contains(warning) {
            words += "; its last event is \(warning)"
        }
        let failure = session.failure(
            wait.code, "\(wait.ready) of \(record.request.numNodes) pods came up, and all are given back: \(words)")
        let lock = try await lock(token)
        defer { lock.release() }
        guard !books.isGone(token), try load(token)?.state != .lost else { return lost(token, "was given back") }
        try await withdraw(token, session)
        return failure
    }

    /// Takes the pods back as if they had never been. Whoever calls has the token's lock.
    private func withdraw(_ token: String, _ session: KubernetesSession) async throws(ProviderError) {
        try await asking(session) { () async throws(KubernetesError) in try await session.remove(token) }
        do { try store.remove(token) } catch { throw error.providerError(provider) }
    }
}
