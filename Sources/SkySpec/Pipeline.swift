public import SkyCore

/// What a pipeline file describes, checked and resolved: every name found, every unit read, every default filled in.
public struct Pipeline: Hashable, Sendable, Codable {
    public var name: String
    public var objective: Objective
    /// The placement policy that the file names: a built-in one's name, or `exec:` and a program. Nil: the objective's.
    public var policy: String?
    /// In file order; one for each combination of a stage with a `matrix`.
    public var stages: [Stage]
    /// What the whole run may cost; nil: whatever it does.
    public var budget: Budget?
    /// What happens when a stage can only be had for more than was planned; nil: the file leaves it to the broker.
    public var onDeviation: DeviationRule?
    /// How long what is rented may stand without hearing from its broker before it gives itself back; zero: for ever; nil:
    /// the broker's own time.
    public var lease: TimeSpan?
    /// How long the nodes of a stage that has failed for good are kept for people to look at; nil: not at all.
    public var keepOnFailure: TimeSpan?
    /// How many stages may run at the same time, at least 1; nil: all that are ready.
    public var maxParallel: Int?
    /// A stage may take over the nodes of one that is done and would rent just the same. Nil in runs of older versions, which
    /// did not.
    public var reusesNodes: Bool?
    /// The pipeline file's folder, absolute; what relative paths in the file were relative to.
    public var directory: String

    public init(
        name: String, objective: Objective = .cost, policy: String? = nil, stages: [Stage], budget: Budget? = nil,
        onDeviation: DeviationRule? = nil, lease: TimeSpan? = nil, keepOnFailure: TimeSpan? = nil,
        maxParallel: Int? = nil, reusesNodes: Bool? = nil, directory: String
    ) {
        self.name = name
        self.objective = objective
        self.policy = policy
        self.stages = stages
        self.budget = budget
        self.onDeviation = onDeviation
        self.lease = lease
        self.keepOnFailure = keepOnFailure
        self.maxParallel = maxParallel
        self.reusesNodes = reusesNodes
        self.directory = directory
    }

    public func stage(named name: String) -> Stage? { stages.first { $0.name == name } }
}

/// What placement makes small, and the limit it must keep while doing so.
public enum Objective: Hashable, Sendable, Codable {
    case cost
    case time
    /// The cheapest that is done within the deadline.
    case costWithin(deadline: TimeSpan)
    /// The fastest that costs no more than the budget.
    case timeWithin(budget: Money)
    /// The least cost plus time, an hour of which is worth `perHour`, plus risk: an expected interruption is worth
    /// `perInterruption`.
    case weighted(perHour: Money, perInterruption: Money = .zero)
}

/// One step of a pipeline.
public struct Stage: Hashable, Sendable, Codable {
    public var name: String
    public var resources: ResourceRequest
    /// Nodes in the gang; at least 1.
    public var numNodes: Int
    public var inputs: [StageInput]
    public var outputs: [StageOutput]
    public var estimate: DurationEstimate
    /// When it must be done, from its own start. Spot machines are then given up in time; nil: whenever.
    public var deadline: TimeSpan?
    /// How long its commands may take on a node, each time they are begun; nil: as long as they like.
    public var timeout: TimeSpan?
    /// What its commands may use of a node; nil: all that there is.
    public var limits: StageLimits?
    /// What runs across its nodes and is there for its command; nil: nothing, the command runs on every node.
    public var engine: StageEngine?
    /// How often the stage saves what it has done, so that an interruption costs no more than this; nil: not at all.
    public var checkpointInterval: TimeSpan?
    /// Where on the node it saves that; relative paths are inside the working directory. Nil: it did not say.
    public var checkpointPath: String?
    /// When and where it is begun again. Nil: the file says nothing of it.
    public var jobRecovery: JobRecovery?
    /// What it may cost; nil: whatever the pipeline may.
    public var budget: Budget?
    /// After how many interruptions (at least 1) it goes on with machines that nobody takes away; nil: never.
    public var onDemandAfterInterruptions: Int?
    /// Pipeline-wide variables with the stage's own on top.
    public var envs: [String: String]
    /// Shell run once on each node before `run`; nil if there is none.
    public var setup: String?
    /// Shell; the stage is done when it ends with 0. Nil: nothing to run, its outputs are empty.
    public var run: String?
    /// What is copied to each node before `setup`.
    public var code: StageCode
    /// Present when the stage keeps serving instead of running to an end.
    public var service: ServiceSpec?
    /// Stages that must have finished before this one starts, though no artifact comes from them.
    public var after: [String]
    /// Names of variables whose values the stage gets at launch. The values are never part of a pipeline: it is
    /// written to the journal.
    public var secretNames: [String]
    /// When not empty, any one of these whole requests will do, and `resources` holds only what any of them could
    /// need: necessary, not sufficient. Empty: `resources` says it all.
    public var alternatives: [ResourceRequest]
    /// The first of the alternatives that can be had at all is taken, however good the others are.
    public var alternativesAreOrdered: Bool

    public init(
        name: String, resources: ResourceRequest = ResourceRequest(), numNodes: Int = 1, inputs: [StageInput] = [],
        outputs: [StageOutput] = [], estimate: DurationEstimate = DurationEstimate(), deadline: TimeSpan? = nil,
        checkpointInterval: TimeSpan? = nil, checkpointPath: String? = nil, envs: [String: String] = [:],
        setup: String? = nil, run: String? = nil,
        code: StageCode = StageCode(), service: ServiceSpec? = nil,
        after: [String] = [], secretNames: [String] = [], alternatives: [ResourceRequest] = [],
        alternativesAreOrdered: Bool = false, jobRecovery: JobRecovery? = nil, budget: Budget? = nil,
        onDemandAfterInterruptions: Int? = nil, timeout: TimeSpan? = nil, limits: StageLimits? = nil,
        engine: StageEngine? = nil
    ) {
        self.name = name
        self.resources = resources
        self.numNodes = numNodes
        self.inputs = inputs
        self.outputs = outputs
        self.estimate = estimate
        self.deadline = deadline
        self.checkpointInterval = checkpointInterval
        self.checkpointPath = checkpointPath
        self.envs = envs
        self.setup = setup
        self.run = run
        self.code = code
        self.service = service
        self.after = after
        self.secretNames = secretNames
        self.alternatives = alternatives
        self.alternativesAreOrdered = alternativesAreOrdered
        self.jobRecovery = jobRecovery
        self.budget = budget
        self.onDemandAfterInterruptions = onDemandAfterInterruptions
        self.timeout = timeout
        self.limits = limits
        self.engine = engine
    }

    /// The requests of which one must be met; never empty.
    public var acceptableResources: [ResourceRequest] { alternatives.isEmpty ? [resources] : alternatives }

    /// The stages that must have finished before this one: those it reads from, and those it comes after.
    public var dependencies: [String] {
        var names: [String] = []
        for input in inputs {
            if case .output(let stage, _) = input.source, !names.contains(stage) { names.append(stage) }
        }
        return names + after.filter { !names.contains($0) }
    }
}

/// A named thing that a stage reads; its path on the node is in `SKY_INPUT_<NAME>`. Something read from several stages
/// is several of these with one name, and an `entry` each.
public struct StageInput: Hashable, Sendable, Codable {
    public enum Source: Hashable, Sendable, Codable {
        /// A file or folder on this machine; absolute.
        case path(String)
        /// `s3://`, `gs://`, `az://`, `https://`.
        case uri(String)
        case output(stage: String, artifact: String)
    }

    public var name: String
    public var source: Source
    /// The name of this in the folder that `SKY_INPUT_<NAME>` then is; nil: that path is this itself.
    public var entry: String?
    /// For planning: measured for local paths, declared, looked up or unknown for the rest.
    public var size: DataSize?
    /// For planning: where an address is kept, if that was looked up. No file says it.
    public var location: Location?

    public init(
        name: String, source: Source, entry: String? = nil, size: DataSize? = nil, location: Location? = nil
    ) {
        self.name = name
        self.source = source
        self.entry = entry
        self.size = size
        self.location = location
    }
}

/// A figure that is not known exactly: what is expected, and between what it should lie.
public struct Estimate<Value: Hashable & Sendable & Codable & Comparable>: Hashable, Sendable, Codable {
    /// low <= expected <= high
    public var low: Value
    public var expected: Value
    public var high: Value

    public init(low: Value, expected: Value, high: Value) {
        self.low = min(low, expected)
        self.expected = expected
        self.high = max(high, expected)
    }

    public init(_ value: Value) { self.init(low: value, expected: value, high: value) }

    public var isOneFigure: Bool { low == high }
}

/// A named thing that a stage writes, to the path in `SKY_OUTPUT_<NAME>`: a file or a folder.
public struct StageOutput: Hashable, Sendable, Codable {
    public var name: String
    /// For planning.
    public var sizeEstimate: Estimate<DataSize>?
    /// Parts of the world that it must not leave, as in `ResourceRequest.areas`: its readers run there too.
    public var areas: [String]

    public init(name: String, size: DataSize? = nil, areas: [String] = []) {
        self.init(name: name, sizeEstimate: size.map { Estimate($0) }, areas: areas)
    }

    public init(name: String, sizeEstimate: Estimate<DataSize>?, areas: [String] = []) {
        self.name = name
        self.sizeEstimate = sizeEstimate
        self.areas = areas
    }

    /// What is expected.
    public var size: DataSize? { sizeEstimate?.expected }
}

/// How long a stage takes, as its author believes: one figure, or one per accelerator.
public struct DurationEstimate: Hashable, Sendable, Codable {
    public struct PerAccelerator: Hashable, Sendable, Codable {
        public var accelerator: AcceleratorCount
        public var duration: Estimate<TimeSpan>

        public init(accelerator: AcceleratorCount, duration: Estimate<TimeSpan>) {
            self.accelerator = accelerator
            self.duration = duration
        }

        public init(accelerator: AcceleratorCount, duration: TimeSpan) {
            self.init(accelerator: accelerator, duration: Estimate(duration))
        }
    }

    /// Nil when the author gave none: planning then assumes one hour and says so.
    public var general: Estimate<TimeSpan>?
    public var perAccelerator: [PerAccelerator]

    public init(general: Estimate<TimeSpan>? = nil, perAccelerator: [PerAccelerator] = []) {
        self.general = general
        self.perAccelerator = perAccelerator
    }

    /// The author's figure for these accelerators, or nil.
    public func duration(on accelerator: AcceleratorCount?) -> Estimate<TimeSpan>? {
        perAccelerator.first { $0.accelerator == accelerator }?.duration ?? general
    }
}

/// The files of a stage: a whole folder, single files, or both. What is not listed here is not on the node, so what
/// is listed here is all of the code that can change what the stage does.
public struct StageCode: Hashable, Sendable, Codable {
    public struct Mount: Hashable, Sendable, Codable {
        /// How a bucket is there while the stage runs, with what is in it at each moment.
        public enum Mode: String, Hashable, Sendable, Codable {
            case mount = "MOUNT"
            /// Files may be changed anywhere, and are sent after they were closed.
            case cached = "MOUNT_CACHED"
        }

        /// Path on the node; relative paths are inside the working directory, and `~/` is the home folder.
        public var target: String
        /// Absolute path on this machine, or a `s3://`, `gs://`, `az://`, `https://` address.
        public var source: String
        /// Nil: it is copied, as it is when the run is launched.
        public var mode: Mode?

        public init(target: String, source: String, mode: Mode? = nil) {
            self.target = target
            self.source = source
            self.mode = mode
        }

        /// It is not inside the working directory.
        public var isOutside: Bool { target.hasPrefix("/") || target.hasPrefix("~") }
    }

    /// Absolute; its contents become the node's working directory.
    public var workdir: String?
    /// `file_mounts`, and the files that `setup` and `run` name when no `workdir` is given.
    public var mounts: [Mount]

    /// Those of which nobody knows beforehand what is in them.
    public var liveMounts: [Mount] { mounts.filter { $0.mode != nil } }

    public init(workdir: String? = nil, mounts: [Mount] = []) {
        self.workdir = workdir
        self.mounts = mounts
    }
}

/// How a service stage is reached and known to be well.
public struct ServiceSpec: Hashable, Sendable, Codable {
    /// 1…65535; the command finds the port it must listen on in `SKY_SERVICE_PORT`.
    public var port: Int
    /// The path of a GET that answers 2xx once the service is ready: `/healthz`. Nil: ready when the port accepts.
    public var readinessPath: String?
    /// How long after the start it may take to become ready.
    public var initialDelay: TimeSpan
    public var replicas: Int

    public init(
        port: Int, readinessPath: String? = nil, initialDelay: TimeSpan = .seconds(1200), replicas: Int = 1
    ) {
        self.port = port
        self.readinessPath = readinessPath
        self.initialDelay = initialDelay
        self.replicas = replicas
    }
}
