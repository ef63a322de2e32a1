import SkyCore
import SkyKubernetes

extension KubernetesAdapter {
    /// A line for each cluster, asked now: who we are there, what it has, and what we may not do that is needed.
    public func probe() async -> [ProbedPlace] {
        await withTaskGroup(of: (Int, ProbedPlace).self) { tasks in
            for (index, cluster) in clusters.clusters.enumerated() {
                tasks.addTask { (index, await probe(cluster)) }
            }
            var places: [(Int, ProbedPlace)] = []
            for await place in tasks { places.append(place) }
            return places.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func probe(_ cluster: KubernetesCluster) async -> ProbedPlace {
        do throws(ProviderError) {
            let session = try session(cluster.name)
            var known = cluster
            known.facts = try await facts(session)
            let missing = try await asking(session) { () async throws(KubernetesError) in
                try await session.missingRights()
            }
            let who = await session.client.identity()
            let words = "\(known.words), as \(who) in namespace \(session.namespace)"
            guard missing.isEmpty else {
                let list = missing.map(\.description).joined(separator: ", ")
                return ProbedPlace(
                    region: cluster.name, name: session.namespace, answers: false,
                    message: "\(words), who may not \(list): see the role in docs/kubernetes.md")
            }
            return ProbedPlace(
                region: cluster.name, name: session.namespace, answers: !known.machines.isEmpty, message: words)
        } catch {
            return ProbedPlace(
                region: cluster.name, name: cluster.namespace ?? "cluster", answers: false, message: error.message)
        }
    }

    /// What the cluster has now.
    public func facts(of cluster: String) async throws(ProviderError) -> KubernetesFacts {
        try await facts(try session(cluster))
    }

    private func facts(_ session: KubernetesSession) async throws(ProviderError) -> KubernetesFacts {
        try await asking(session) { () async throws(KubernetesError) in
            let client = session.client
            let version = try await client.get(ServerVersion.self, .version, "ask for the version")
            let nodes = try await client.list(ClusterNode.self, .nodes, "list the nodes")
            // Many may not see what runs in other namespaces.
            let pods = try? await client.list(Pod.self, .allPods, "list all pods")
            return KubernetesFacts(session.cluster, version: version.gitVersion, nodes: nodes, pods: pods)
        }
    }
}

extension KubernetesSession {
    /// What is needed, beside seeing the nodes, which whoever has got so far may do.
    func missingRights() async throws(KubernetesError) -> [ClusterRight] {
        var missing: [ClusterRight] = []
        for right in ClusterRight.needed(in: namespace) where try await !client.may(right) { missing.append(right) }
        return missing
    }
}

extension ClusterRight {
    /// Old servers take a command in a pod for reading (`get`), new ones for making something (`create`).
    static func needed(in namespace: String) -> [ClusterRight] {
        ["create", "get", "list", "delete"].map { ClusterRight($0, "pods", in: namespace) }
            + ["get", "create"].map { ClusterRight($0, "pods", "exec", in: namespace) }
            + [
                ClusterRight("get", "pods", "portforward", in: namespace),
                ClusterRight("list", "events", in: namespace),
            ]
    }
}

extension KubernetesCluster {
    /// What it has, for people.
    fileprivate var words: String {
        let facts = facts ?? KubernetesFacts()
        let whole = machines.filter { $0.parts == 1 }
        var words = [facts.version ?? "a version that it does not tell"]
        words.append(
            whole.isEmpty
                ? "no node that could be used"
                : whole.map {
                    "\($0.nodes.count) \($0.machineType)\($0.isPreemptible ? " that may be taken away" : "")"
                }
                .joined(separator: ", "))
        if facts.others > 0 { words.append("\(facts.others) other nodes") }
        for (resource, count) in facts.unknownAccelerators.sorted(by: { $0.key < $1.key }) {
            words.append("\(count) nodes with \(resource) of a kind that no label says: name it by 'accelerators'")
        }
        return words.joined(separator: ", ")
    }
}
