public import SkyCore

/// What a cluster says of itself: its partitions, what their nodes have, and what it does with jobs.
public struct SlurmFacts: Hashable, Sendable, Codable {
    /// Its own name for itself.
    public var clusterName: String?
    public var version: String?
    /// Whether jobs of some partitions may be taken from their nodes for those of others.
    public var preempts: Bool
    /// Whether `sacct` knows of jobs that ended long ago.
    public var hasAccounting: Bool
    /// In the cluster's order; nodes that are alike in a partition are one entry.
    public var nodes: [SlurmNodes]

    public init(
        clusterName: String? = nil, version: String? = nil, preempts: Bool = false, hasAccounting: Bool = false,
        nodes: [SlurmNodes] = []
    ) {
        self.clusterName = clusterName
        self.version = version
        self.preempts = preempts
        self.hasAccounting = hasAccounting
        self.nodes = nodes
    }

    /// Each once, in order.
    public var partitions: [String] {
        var seen: Set<String> = []
        return nodes.map(\.partition).filter { seen.insert($0).inserted }
    }
}

/// Nodes of a partition that are alike, and the partition's terms.
public struct SlurmNodes: Hashable, Sendable, Codable {
    public var partition: String
    /// False while the partition takes no jobs.
    public var isUp: Bool
    /// The longest that a job may run; nil for no limit.
    public var timeLimit: TimeSpan?
    /// The most nodes of one job; nil for no limit.
    public var mostNodes: Int?
    /// Its jobs may be taken from their nodes for those of another partition.
    public var isPreemptible: Bool
    /// Which of two partitions' jobs are looked at first, and may take the other's nodes.
    public var tier: Int
    /// Jobs get whole nodes only.
    public var isExclusive: Bool
    public var count: Int
    /// Those that are neither down nor being emptied.
    public var usable: Int
    /// Of each node.
    public var cpus: Int
    /// Of each node, in MiB.
    public var memory: Int
    public var gpus: SlurmGPUs?

    public init(
        partition: String, isUp: Bool = true, timeLimit: TimeSpan? = nil, mostNodes: Int? = nil,
        isPreemptible: Bool = false, tier: Int = 1, isExclusive: Bool = false, count: Int, usable: Int? = nil,
        cpus: Int, memory: Int, gpus: SlurmGPUs? = nil
    ) {
        self.partition = partition
        self.isUp = isUp
        self.timeLimit = timeLimit
        self.mostNodes = mostNodes
        self.isPreemptible = isPreemptible
        self.tier = tier
        self.isExclusive = isExclusive
        self.count = count
        self.usable = usable ?? count
        self.cpus = cpus
        self.memory = memory
        self.gpus = gpus
    }
}

/// The accelerators of a node, as a generic resource (GRES).
public struct SlurmGPUs: Hashable, Sendable, Codable {
    /// `a100`; nil where the cluster gives no type.
    public var type: String?
    public var count: Int

    public init(type: String? = nil, count: Int) {
        self.type = type
        self.count = count
    }

    /// As `--gres` wants it, of so many.
    func option(_ count: Int) -> String { "gpu:\(type.map { "\($0):" } ?? "")\(count)" }

    /// The catalog's name, as far as the type says it: `nvidia_a100-sxm4-80gb` is an A100-80GB.
    ///
    /// - Parameter names: a person's own names, by type.
    func catalogName(_ names: [String: String]) -> String? {
        if let own = names[type ?? "gpu"] { return own }
        guard let type else { return nil }
        let makers: Set<String> = ["nvidia", "tesla", "geforce", "quadro", "amd", "instinct", "rtx"]
        let words = type.lowercased().split { "-_ ".contains($0) }.map(String.init)
        guard let word = words.first(where: { !makers.contains($0) }) else { return type.uppercased() }
        let name = word.uppercased()
        if name == "A100", words.contains("80gb") { return "A100-80GB" }
        return words.contains("rtx") ? "RTX\(name)" : name
    }
}
