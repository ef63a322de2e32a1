import SkyKubernetes

extension KubernetesFacts {
    /// Labels that say that a node may be taken away.
    private static let spotLabels = [
        ("cloud.google.com/gke-spot", "true"), ("cloud.google.com/gke-preemptible", "true"),
        ("karpenter.sh/capacity-type", "spot"), ("eks.amazonaws.com/capacityType", "SPOT"),
        ("kubernetes.azure.com/scalesetpriority", "spot"),
    ]
    /// Taints that only say what a node is.
    private static let harmlessTaints =
        AcceleratorLabels.resources + [
            "cloud.google.com/gke-spot", "kubernetes.azure.com/scalesetpriority", "sku",
        ]

    /// - Parameters:
    ///   - pods: of all namespaces; nil where we may not see them, and then something of each node is taken to be in use.
    init(_ cluster: KubernetesCluster, version: String?, nodes: [ClusterNode], pods: [Pod]?) {
        self.init(version: version)
        var groups: [KubernetesNodes: (count: Int, millicores: Int, memory: Int)] = [:]
        var order: [KubernetesNodes] = []
        let used = pods.map(Self.usedOnEachNode)
        for node in nodes {
            guard let taints = Self.taints(of: node, for: cluster) else {
                others += 1
                continue
            }
            let room = Self.room(of: node, used)
            guard room.memory > 512 else { continue }
            let found = Self.kind(of: node, cluster)
            var kind = found.nodes
            guard found.isKnown else {
                for resource in AcceleratorLabels.resources where Self.amount(node, resource) > 0 {
                    unknownAccelerators[resource, default: 0] += 1
                }
                continue
            }
            kind.taints = taints
            if groups[kind] == nil { order.append(kind) }
            let known = groups[kind] ?? (0, room.millicores, room.memory)
            // What the least of them has, all of them have.
            groups[kind] = (
                known.count + 1, min(known.millicores, room.millicores), min(known.memory, room.memory)
            )
        }
        self.nodes = order.compactMap { kind in
            guard let group = groups[kind] else { return nil }
            var all = kind
            (all.count, all.millicores, all.memory) = group
            return all
        }
    }

    private static func amount(_ node: ClusterNode, _ resource: String) -> Double {
        node.status?.allocatable?[resource].flatMap(Quantity.value) ?? 0
    }

    /// Keys of the taints that are to be tolerated; nil of a node that is not for us.
    private static func taints(of node: ClusterNode, for cluster: KubernetesCluster) -> [String]? {
        let labels = node.metadata.labels ?? [:]
        guard node.isReady, node.spec?.unschedulable != true, labels["kubernetes.io/os"] ?? "linux" == "linux",
            cluster.nodeSelector.allSatisfy({ labels[$0.key] == $0.value })
        else { return nil }
        let taints = (node.spec?.taints ?? []).filter { $0.effect != "PreferNoSchedule" }.map(\.key)
        let allowed = Set(harmlessTaints + cluster.tolerations)
        return taints.allSatisfy(allowed.contains) ? taints.sorted() : nil
    }

    /// What nodes must have in common to be one kind: their room is rounded, as two nodes of a kind never have quite the same.
    private static func kind(of node: ClusterNode, _ cluster: KubernetesCluster) -> (
        nodes: KubernetesNodes, isKnown: Bool
    ) {
        let labels = node.metadata.labels ?? [:]
        var kind = KubernetesNodes(
            count: 0, millicores: Int(amount(node, "cpu").rounded()) * 1000,
            memory: Int((amount(node, "memory") / 1_073_741_824).rounded()) * 1024,
            zone: labels["topology.kubernetes.io/zone"] ?? labels["failure-domain.beta.kubernetes.io/zone"],
            architecture: labels["kubernetes.io/arch"])
        kind.spotLabel = spotLabels.first { labels[$0.0] == $0.1 }.map { .init(key: $0.0, value: $0.1) }
        for resource in AcceleratorLabels.resources {
            let count = Int(amount(node, resource))
            guard count > 0 else { continue }
            guard
                let found = AcceleratorLabels.kind(of: resource, count: count, labels, names: cluster.accelerators)
            else { return (kind, false) }
            kind.accelerator = KubernetesAccelerator(
                resource: resource, count: count, name: found.name, factor: found.factor, labels: found.labels)
            break
        }
        return (kind, true)
    }

    private typealias Use = (millicores: Double, bytes: Double)

    /// What runs on each node whoever uses it: pods of daemon sets, and those of its kubelet's own.
    private static func usedOnEachNode(_ pods: [Pod]) -> [String: Use] {
        var used: [String: Use] = [:]
        for pod in pods {
            guard let node = pod.spec?.nodeName, ["Running", "Pending"].contains(pod.status?.phase ?? ""),
                (pod.metadata.ownerReferences ?? []).contains(where: { ["DaemonSet", "Node"].contains($0.kind) })
            else { continue }
            var use = used[node] ?? (0, 0)
            for container in pod.spec?.containers ?? [] {
                use.millicores += (container.resources?.requests?["cpu"].flatMap(Quantity.value) ?? 0) * 1000
                use.bytes += container.resources?.requests?["memory"].flatMap(Quantity.value) ?? 0
            }
            used[node] = use
        }
        return used
    }

    /// Of a node that nobody else uses.
    private static func room(of node: ClusterNode, _ used: [String: Use]?) -> (millicores: Int, memory: Int) {
        let (cores, bytes) = (amount(node, "cpu"), amount(node, "memory"))
        let unknown: Use = (min(1000, cores * 100), min(2 * 1_073_741_824, bytes / 10))
        let none: Use = (0, 0)
        let use = used.map { $0[node.metadata.name ?? ""] ?? none } ?? unknown
        return (Int(cores * 1000 - use.millicores), Int((bytes - use.bytes) / 1_048_576))
    }
}
