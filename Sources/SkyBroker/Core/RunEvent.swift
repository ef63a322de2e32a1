public import SkyCore
public import SkyEngines
public import SkyPlacement
public import SkyProviders
public import SkyRuntime
public import SkySpec
public import SkyStorage

/// Something that happened to a run. The journal is a list of these; folding them gives the run's state back.
public enum RunEvent: Hashable, Sendable, Codable {
    /// Always the first event, and only the first.
    indirect case launched(Launch)
    /// The index of finished stages was asked; `reuse` is what it knew, `why` what people should know of the answer.
    case lookedUp(stage: String, reuse: Reuse?, why: String? = nil)

    case provisioned(AttemptID, NodeGroup)
    case provisionFailed(AttemptID, ProviderError)
    /// Code and inputs are on all nodes.
    case delivered(AttemptID, [TransferRecord])
    /// Something went by way of the broker's machine that could have gone between a node and a store; it may go so again when
    /// what it was part of is begun again.
    case relayed(AttemptID, Relay)
    /// `rank` is the node whose command failed first, of several; `exceeded` the limit that it was ended for; `engine` how
    /// the stage's engine failed it.
    case jobEnded(
        AttemptID, exitCode: Int, rank: Int? = nil, exceeded: JobLimit? = nil, engine: EngineFailure? = nil)
    case serviceReady(AttemptID, url: String)
    case collected(AttemptID, [StoredArtifact])
    /// What was being done with the attempt's nodes could not be done.
    case attemptFailed(AttemptID, AttemptFailure)
    /// What the stage has saved so far is in a store.
    case checkpointed(AttemptID, StoredArtifact, number: Int)
    case checkpointFailed(AttemptID, message: String, number: Int)
    /// The provider announced that it will take the attempt's nodes at about this moment.
    case lossNoticed(AttemptID, at: Instant)
    /// Nothing of the attempt's node group is left; `held` is when it was, if the provider says so.
    case released(AttemptID, held: HeldSpan? = nil)

    /// The attempt's nodes are stopped, and their disks kept; `held` is when they ran, if the provider says so.
    case halted(AttemptID, held: HeldSpan? = nil)
    /// The attempt's nodes cannot be stopped, only given back.
    case notHalted(AttemptID, message: String)

    /// A clock has rung: a pause is over, a phase has taken too long, a checkpoint is due.
    case alarm(Alarm)
    indirect case relocated(stage: String, PlannedStage, zones: [String])
    case notRelocatable(stage: String, message: String)
    case answered(Question, isYes: Bool)
    case nobodyToAsk(Question)

    case stopRequested(StopReason)
    /// `sky stop`: the run is to stand still until it is started again. The number counts these requests of a run.
    case haltRequested(number: Int)
    /// `sky start`: the run is to go on after the halt of this number.
    case startRequested(number: Int)
    /// A driver took the run over; nothing changes, but people want to know when and how often.
    case driverStarted(processID: Int32)
}

/// An event with the moment and the dice that came with it: the core reads no clock and rolls no dice.
public struct RecordedEvent: Hashable, Sendable, Codable {
    public var event: RunEvent
    public var at: Instant
    /// Uniform over all values; decides jitter.
    public var dice: UInt32

    public init(_ event: RunEvent, at: Instant, dice: UInt32 = 0) {
        self.event = event
        self.at = at
        self.dice = dice
    }
}

/// All that a run is made from, fixed at launch: later edits of files do not reach a run that has begun.
public struct Launch: Hashable, Sendable, Codable {
    public var run: RunID
    public var pipeline: Pipeline
    public var plan: Plan
    /// Per stage, the zones in which its offer can be had, in the order to try them; none where the provider has none.
    public var zones: [String: [String]]
    /// Per stage, the folder of files that its nodes get; absent for stages without any.
    public var code: [String: StoredArtifact]
    /// Inputs that come from outside the pipeline, as `stage.input`.
    public var externalInputs: [String: StoredArtifact]
    /// What the plan knew of earlier runs; a stage that has to move is planned again with the same.
    public var history: PlacementHistory
    /// What was asked for at launch beside the pipeline; nil: nothing.
    public var options: LaunchOptions?

    public init(
        run: RunID, pipeline: Pipeline, plan: Plan, zones: [String: [String]] = [:],
        code: [String: StoredArtifact] = [:], externalInputs: [String: StoredArtifact] = [:],
        history: PlacementHistory = PlacementHistory(), options: LaunchOptions? = nil
    ) {
        self.run = run
        self.pipeline = pipeline
        self.plan = plan
        self.zones = zones
        self.code = code
        self.externalInputs = externalInputs
        self.history = history
        self.options = options
    }
}

/// How a pipeline is to be run this time.
public struct LaunchOptions: Hashable, Sendable, Codable {
    /// Stages that are run even if an earlier result of theirs would do.
    public var runAnew: Set<String>
    /// How long the nodes of a stage that has failed for good are kept for people to look at; nil: as the pipeline says.
    public var keepOnFailure: TimeSpan?

    public init(runAnew: Set<String> = [], keepOnFailure: TimeSpan? = nil) {
        self.runAnew = runAnew
        self.keepOnFailure = keepOnFailure
    }
}

/// A named artifact and a place whose store holds it.
public struct StoredArtifact: Hashable, Sendable, Codable {
    /// The output's or input's name.
    public var name: String
    /// Its name in the folder that an input of several stages' outputs is; nil where it is the whole input.
    public var entry: String?
    public var artifact: Artifact
    public var location: Location
    /// The address that it has in a bucket of somebody's, which nodes elsewhere fetch it from; it may then not be in the store yet.
    public var source: String?
    /// True where nobody has read what is at `source`: the artifact's digest is then that of its names, sizes and entity tags.
    public var isUnread: Bool?

    public init(
        name: String, entry: String? = nil, artifact: Artifact, location: Location, source: String? = nil,
        isUnread: Bool? = nil
    ) {
        self.name = name
        self.entry = entry
        self.artifact = artifact
        self.location = location
        self.source = source
        self.isUnread = isUnread
    }
}

/// The outputs of an earlier run of a stage whose inputs, command, environment and code were the same.
public struct Reuse: Hashable, Sendable, Codable {
    public var run: RunID
    public var outputs: [StoredArtifact]

    public init(run: RunID, outputs: [StoredArtifact]) {
        self.run = run
        self.outputs = outputs
    }
}

/// Bytes that went from one location's store to another's.
public struct TransferRecord: Hashable, Sendable, Codable {
    public var artifact: String
    public var from: Location
    public var to: Location
    /// Of the artifact.
    public var size: DataSize
    /// What really moved: less than `size` when the destination held parts of it.
    public var moved: DataSize
    /// At the tariff of the plan's day, for the bytes that moved.
    public var cost: Money

    public init(artifact: String, from: Location, to: Location, size: DataSize, moved: DataSize, cost: Money) {
        self.artifact = artifact
        self.from = from
        self.to = to
        self.size = size
        self.moved = moved
        self.cost = cost
    }
}

/// Bytes that went by way of the broker's machine, as a node could not reach the store itself.
public struct Relay: Hashable, Sendable, Codable {
    /// On the node: `inputs/data`, `outputs/model`.
    public var path: String
    public var size: DataSize
    /// At the tariff of the day, for the way from where it was to the broker's machine.
    public var cost: Money
    /// Why, in a few words.
    public var reason: String

    public init(path: String, size: DataSize, cost: Money, reason: String) {
        self.path = path
        self.size = size
        self.cost = cost
        self.reason = reason
    }
}

public enum AttemptFailure: Hashable, Sendable, Codable {
    /// The node group is gone: preempted, crashed or out of reach.
    case nodesLost(message: String)
    /// These artifacts (`stage.output`) are in no store any more.
    case inputsLost([String])
    /// Passing trouble on our side of the channel.
    case transient(message: String)
    /// The stage itself is at fault: an output it did not write, a service that never became ready.
    case stage(message: String)
}

public enum StopReason: String, Hashable, Sendable, Codable {
    /// `sky cancel`: stop what runs; the run counts as cancelled.
    case cancel
    /// `sky down`: give everything back; a run that had come to serve counts as done.
    case down
}
