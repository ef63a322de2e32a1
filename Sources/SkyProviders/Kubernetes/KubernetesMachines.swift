public import SkyCore
import SkyKubernetes

/// One thing to be had of a cluster: a pod as large as a node lets one be, or an equal part of that.
public struct KubernetesMachine: Hashable, Sendable {
    public let nodes: KubernetesNodes
    /// 1 for the whole node, 2 for half of it.
    public let parts: Int
    let prices: Prices

    struct Prices: Hashable, Sendable {
        var node: Money?
        var cpu: Money?
        var accelerator: Money?
    }

    public var zone: String? { nodes.zone }
    public var isPreemptible: Bool { nodes.spotLabel != nil }

    /// Rounded down to a tenth of a core.
    public var cpus: Double { (Double(nodes.millicores) / Double(parts) / 100).rounded(.down) / 10 }

    /// Rounded down to a tenth.
    public var memoryGiB: Double { (Double(nodes.memory) / Double(parts) / 1024 * 10).rounded(.down) / 10 }

    /// As the catalog counts them.
    public var accelerator: AcceleratorCount? {
        nodes.accelerator.map { AcceleratorCount(name: $0.name, count: Double($0.count * $0.factor / parts)) }
    }

    /// `4c-15.6g`, `64c-512g-A100x8`: as those of one's own hosts are called.
    public var machineType: String {
        SSHShape(cores: cpus, memoryGiB: memoryGiB, accelerator: accelerator).machineType
    }

    public var pricePerHour: Money {
        let node = (prices.node ?? .zero).scaled(by: 1, over: Int64(parts))
        let cpu = (prices.cpu ?? .zero).scaled(by: Int64(cpus * 10), over: 10)
        let accelerators = Int64(nodes.accelerator.map { $0.count / parts } ?? 0)
        return node + cpu + (prices.accelerator ?? .zero).scaled(by: accelerators, over: 1)
    }

    /// How many there are when nobody else uses the cluster.
    public var count: Int { nodes.count * parts }

    /// What a pod asks for and is held to.
    var resources: [String: String] {
        var resources = [
            "cpu": Quantity.text(cores: cpus), "memory": Quantity.text(mebibytes: Int(memoryGiB * 1024)),
        ]
        if let accelerator = nodes.accelerator { resources[accelerator.resource] = "\(accelerator.count / parts)" }
        return resources
    }

    /// Labels of the nodes that it may be put on.
    func nodeSelector(_ cluster: KubernetesCluster, inZone zone: String?) -> [String: String] {
        var labels = cluster.nodeSelector
        labels["kubernetes.io/os"] = "linux"
        if let architecture = nodes.architecture { labels["kubernetes.io/arch"] = architecture }
        if let zone { labels["topology.kubernetes.io/zone"] = zone }
        if let spot = nodes.spotLabel { labels[spot.key] = spot.value }
        for label in nodes.accelerator?.labels ?? [] { labels[label.key] = label.value }
        return labels
    }
}

extension KubernetesCluster {
    /// Everything that can be had, as far as the cluster was asked. Of nodes that are alike there is the whole one, its half, its
    /// quarter, and so on: with as many accelerators, down to one, and half a core at least.
    public var machines: [KubernetesMachine] {
        let prices = KubernetesMachine.Prices(
            node: pricePerHour, cpu: pricePerCPUHour, accelerator: pricePerAcceleratorHour)
        return (facts?.nodes ?? []).flatMap { nodes in
            Self.parts(of: nodes).map { KubernetesMachine(nodes: nodes, parts: $0, prices: prices) }
        }
    }

    private static func parts(of nodes: KubernetesNodes) -> [Int] {
        Array(
            sequence(first: 1) { $0 * 2 }.prefix { parts in
                guard parts > 1 else { return true }
                let isDivisible = nodes.accelerator.map { $0.count % parts == 0 } ?? true
                return isDivisible && nodes.millicores / parts >= 500 && nodes.memory / parts > 512
            })
    }
}
