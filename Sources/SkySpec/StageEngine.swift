public import SkyCore

/// What runs across the nodes of a stage and is there for its command: a real cluster of Ray or Spark, or the variables that
/// programs of `torchrun` and MPI look for.
public struct StageEngine: Hashable, Sendable, Codable {
    public enum Name: String, Hashable, Sendable, Codable, CaseIterable {
        case ray, spark, torchrun, mpi

        /// Whether it is a cluster, whose head runs the command, and not only variables for a command on every node.
        public var isCluster: Bool { self == .ray || self == .spark }

        /// What it is installed as; nil where nothing is.
        public var usualVersion: String? {
            switch self {
            case .ray: "2.60.0"
            case .spark: "4.3.0"
            case .torchrun, .mpi: nil
            }
        }
    }

    public var name: Name
    /// Of Ray or of Spark, `2.60.0`; nil where nothing is installed.
    public var version: String?
    public var options: EngineOptions

    public init(_ name: Name, version: String? = nil, options: EngineOptions = EngineOptions()) {
        self.name = name
        self.version = version ?? name.usualVersion
        self.options = options
    }
}

/// What a stage says of its engine. Nil: the engine's own choice.
public struct EngineOptions: Hashable, Sendable, Codable {
    /// Of each node, that Ray's tasks or Spark's executors may use; at least 1.
    public var cpus: Int?
    /// Of each node, for Ray's tasks, or for Spark's executor; at least 512 MB.
    public var memory: DataSize?
    /// Of each node, for Ray's objects; at least 80 MB.
    public var objectStore: DataSize?
    /// Spark's own settings.
    public var conf: [String: String]
    /// What is installed beside the engine, as `pip` takes it: `numpy`, `pandas==2.3`.
    public var packages: [String]
    /// The Python that the engine is installed for; nil: `python3`.
    public var python: String?
    /// How long it may take until the engine is up on all nodes, its installation included; nil: 15 minutes.
    public var startTimeout: TimeSpan?
    /// Where rank 0 of `torchrun` or MPI listens, 1…65535; nil: one that differs from attempt to attempt.
    public var port: Int?
    /// Processes on each node of `torchrun` or MPI, at least 1; nil: one for each accelerator, else one.
    public var processes: Int?

    public init(
        cpus: Int? = nil, memory: DataSize? = nil, objectStore: DataSize? = nil, conf: [String: String] = [:],
        packages: [String] = [], python: String? = nil, startTimeout: TimeSpan? = nil, port: Int? = nil,
        processes: Int? = nil
    ) {
        self.cpus = cpus
        self.memory = memory
        self.objectStore = objectStore
        self.conf = conf
        self.packages = packages
        self.python = python
        self.startTimeout = startTimeout
        self.port = port
        self.processes = processes
    }
}
