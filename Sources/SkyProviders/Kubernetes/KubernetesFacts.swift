/// What a cluster says of its nodes.
public struct KubernetesFacts: Hashable, Sendable, Codable {
    /// `v1.31.2`
    public var version: String?
    /// Nodes that are alike are one entry.
    public var nodes: [KubernetesNodes]
    /// Accelerators that no label says the kind of, by resource, with how many nodes have them.
    public var unknownAccelerators: [String: Int]
    /// Nodes that are not for us: not ready, closed, of another system, or with taints that keep us away.
    public var others: Int

    public init(
        version: String? = nil, nodes: [KubernetesNodes] = [], unknownAccelerators: [String: Int] = [:],
        others: Int = 0
    ) {
        self.version = version
        self.nodes = nodes
        self.unknownAccelerators = unknownAccelerators
        self.others = others
    }
}

/// Nodes that are alike, and what a pod of ours could have of one that is empty but for what runs on every node.
public struct KubernetesNodes: Hashable, Sendable, Codable {
    public var count: Int
    /// Thousandths of a core.
    public var millicores: Int
    /// MiB.
    public var memory: Int
    public var accelerator: KubernetesAccelerator?
    /// `topology.kubernetes.io/zone`.
    public var zone: String?
    /// `kubernetes.io/arch`.
    public var architecture: String?
    /// The label that says that they may be taken away; nil for nodes that stay.
    public var spotLabel: Label?
    /// Keys of their taints.
    public var taints: [String]

    public struct Label: Hashable, Sendable, Codable {
        public var key: String
        public var value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    public init(
        count: Int, millicores: Int, memory: Int, accelerator: KubernetesAccelerator? = nil, zone: String? = nil,
        architecture: String? = nil, spotLabel: Label? = nil, taints: [String] = []
    ) {
        self.count = count
        self.millicores = millicores
        self.memory = memory
        self.accelerator = accelerator
        self.zone = zone
        self.architecture = architecture
        self.spotLabel = spotLabel
        self.taints = taints
    }
}

/// The accelerators of a node: how pods ask for them, and what they are.
public struct KubernetesAccelerator: Hashable, Sendable, Codable {
    /// `nvidia.com/gpu`
    public var resource: String
    public var count: Int
    /// The catalog's.
    public var name: String
    /// How many of the catalog's one of the resource is: two cores of a chip.
    public var factor: Int
    /// Labels that lead to nodes with just these.
    public var labels: [KubernetesNodes.Label]

    public init(resource: String, count: Int, name: String, factor: Int = 1, labels: [KubernetesNodes.Label]) {
        self.resource = resource
        self.count = count
        self.name = name
        self.factor = factor
        self.labels = labels
    }
}
