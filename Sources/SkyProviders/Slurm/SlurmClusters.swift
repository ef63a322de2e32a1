public import SkyCore

/// What a person's `slurm.yaml` says: clusters that they may use, and how they are reached.
public struct SlurmClusters: Hashable, Sendable {
    public var clusters: [SlurmCluster]

    public init(clusters: [SlurmCluster] = []) { self.clusters = clusters }

    public func cluster(named name: String) -> SlurmCluster? { clusters.first { $0.name == name } }
}

/// A cluster as one person uses it: under one account. A stage asks for it by `infra: slurm/CLUSTER/PARTITION`.
public struct SlurmCluster: Hashable, Sendable {
    public var name: String
    /// ISO 3166 code in capitals; nil where the file does not say.
    public var country: String?
    public var continent: String?
    /// For people: `Stuttgart`.
    public var place: String?
    /// Where Slurm's commands run; nil for this machine.
    public var login: SSHHost?
    /// Those that may be used; empty for all.
    public var partitions: [SlurmPartitionTerms]
    /// What holds for partitions that say nothing else.
    public var terms: SlurmTerms
    /// Catalog names of accelerators, by the type that the cluster's GRES have; by `gpu` for those without a type.
    public var accelerators: [String: String]
    /// How long a job may wait in the queue before another place is tried.
    public var queueLimit: TimeSpan
    /// The folder of Sky's things, on a file system that all nodes share, as a word of the shell of the login host;
    /// nil for `.sky-slurm` in the home.
    public var directory: String?
    /// The folder on each node's own disk below which its jobs work, as a word of the shell there.
    public var scratch: String
    /// A `slurm.conf` other than the usual one, on the login host.
    public var configuration: String?
    /// The folder of Slurm's commands, where they are not in the PATH of the login host.
    public var commands: String?
    /// What the cluster was found to have; nil when it was never asked.
    public var facts: SlurmFacts?

    /// A job may wait so long, if the file does not say.
    public static let usualQueueLimit = QueueLimit.usual

    public init(
        name: String, country: String? = nil, continent: String? = nil, place: String? = nil, login: SSHHost? = nil,
        partitions: [SlurmPartitionTerms] = [], terms: SlurmTerms = SlurmTerms(), accelerators: [String: String] = [:],
        queueLimit: TimeSpan = Self.usualQueueLimit, directory: String? = nil, scratch: String = "/tmp",
        configuration: String? = nil, commands: String? = nil, facts: SlurmFacts? = nil
    ) {
        self.name = name
        self.country = country
        self.continent = continent
        self.place = place
        self.login = login
        self.partitions = partitions
        self.terms = terms
        self.accelerators = accelerators
        self.queueLimit = queueLimit
        self.directory = directory
        self.scratch = scratch
        self.configuration = configuration
        self.commands = commands
        self.facts = facts
    }

    /// What holds in a partition; nil for one that is not to be used.
    func terms(in partition: String) -> SlurmTerms? {
        guard !partitions.isEmpty else { return terms }
        return partitions.first { $0.name == partition }.map { $0.terms.filled(from: terms) }
    }
}

/// A partition that the file names, and what is different about it.
public struct SlurmPartitionTerms: Hashable, Sendable {
    public var name: String
    public var terms: SlurmTerms

    public init(name: String, terms: SlurmTerms = SlurmTerms()) {
        self.name = name
        self.terms = terms
    }
}

/// How jobs are submitted, and what they cost.
public struct SlurmTerms: Hashable, Sendable {
    public var account: String?
    public var qos: String?
    /// The wall time that jobs ask for; nil for all that the partition allows.
    public var time: TimeSpan?
    /// Of a whole node.
    public var pricePerHour: Money?
    /// Of one CPU, on top of the node's.
    public var pricePerCPUHour: Money?

    public init(
        account: String? = nil, qos: String? = nil, time: TimeSpan? = nil, pricePerHour: Money? = nil,
        pricePerCPUHour: Money? = nil
    ) {
        self.account = account
        self.qos = qos
        self.time = time
        self.pricePerHour = pricePerHour
        self.pricePerCPUHour = pricePerCPUHour
    }

    func filled(from other: SlurmTerms) -> SlurmTerms {
        var own = self
        own.account = account ?? other.account
        own.qos = qos ?? other.qos
        own.time = time ?? other.time
        own.pricePerHour = pricePerHour ?? other.pricePerHour
        own.pricePerCPUHour = pricePerCPUHour ?? other.pricePerCPUHour
        return own
    }
}
