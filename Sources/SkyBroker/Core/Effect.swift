public import SkyCore
public import SkyPlacement
public import SkyProviders

/// Something the driver should have under way now. Each is safe to begin again from the start: what it rents, runs or
/// stores is named by the attempt's token.
public struct Effect: Hashable, Sendable {
    /// Tells effects of one run apart, at little cost: two with the same id want the same.
    public struct ID: Hashable, Sendable {
        /// Position in the pipeline; -1 for what concerns the run as a whole.
        public var stage: Int
        public var slot: Slot
        /// Counts up each time the slot wants something new.
        public var serial: Int

        public init(stage: Int, slot: Slot, serial: Int) {
            self.stage = stage
            self.slot = slot
            self.serial = serial
        }
    }

    /// What a stage can have under way side by side.
    public enum Slot: UInt8, Hashable, Sendable, Codable {
        /// What its phase is about.
        case phase
        /// Asking for the machines that are to take over, or giving them up.
        case handover
        /// Saving its checkpoint while it runs.
        case save
        /// Keeping its nodes: renewing their lease, and listening for what happens to them.
        case keep
        /// Clocks: the end of the phase's patience, the next checkpoint, the next look at the spot market, the budget.
        case patience, nextSave, look, budget
        /// A person is asked for more money; and how long that may take.
        case question, questionPatience
    }

    public let id: ID
    public let work: Work

    public enum Work: Hashable, Sendable {
        /// Ask whether this stage was done before with the same inputs, command, environment and code.
        case lookUp(stage: String, inputs: [StoredArtifact])
        indirect case provision(AttemptID, PlannedStage, zone: String?)
        /// Bring code, inputs and the last checkpoint to the nodes.
        case deliver(AttemptID, NodeGroup, inputs: [StoredArtifact], code: StoredArtifact?, checkpoint: StoredArtifact?)
        /// Start the job on every node and wait until it has ended.
        case run(AttemptID, NodeGroup, AcceleratorCount?)
        /// Start the service, and say when it is ready.
        case probe(AttemptID, NodeGroup, AcceleratorCount?)
        /// Watch a ready service until it ends.
        case watch(AttemptID, NodeGroup, AcceleratorCount?, url: String)
        /// Put what the stage has saved so far into the store of its location; with `endsJob` after asking its job to end.
        case save(AttemptID, NodeGroup, number: Int, endsJob: Bool = false)
        /// Renew the lease of the nodes; say when the provider announces that it will take them, or when they are gone.
        case keep(AttemptID, NodeGroup)
        /// Put the outputs into the store of the stage's location.
        case collect(AttemptID, NodeGroup)
        /// Give back what was rented under the token, the attempt's own or that of the one it took its nodes over from;
        /// whether or not they ever came.
        case release(AttemptID, token: String, provider: String)
        /// Stop what was rented under the token, and keep its disks.
        case halt(AttemptID, token: String, provider: String)
        /// Start again what is stopped under the token.
        case start(AttemptID, token: String, provider: String)
        /// Choose another place for the stage, away from these; a deadline of its own counts from when it began.
        case relocate(stage: String, excluded: [BlockedPlace], onDemandOnly: Bool, begunAt: Instant)
        /// Have a person decide.
        case ask(Question)
        /// Report when the moment has come.
        case sleep(Alarm, until: Instant)
    }
}

/// A clock that a run has set; `serial` tells a late ring from the one that is waited for.
public struct Alarm: Hashable, Sendable, Codable {
    /// Nil for the run's own.
    public var stage: String?
    public var slot: Effect.Slot
    public var serial: Int

    public init(stage: String?, slot: Effect.Slot, serial: Int) {
        self.stage = stage
        self.slot = slot
        self.serial = serial
    }
}

/// Something that only a person may decide.
public struct Question: Hashable, Sendable, Codable {
    /// Nil when it is about the run as a whole.
    public var stage: String?
    /// Tells it from earlier questions about the same.
    public var number: Int
    /// `train would cost $12.40 on gcp/us-central1 a2-highgpu-8g instead of $9.10 (+36 %)`
    public var text: String

    public init(stage: String?, number: Int, text: String) {
        self.stage = stage
        self.number = number
        self.text = text
    }

    /// Tells it from all other questions of the run.
    public var id: String { "\(number)@\(stage ?? "")" }

    init?(id: String) {
        let parts = id.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]) else { return nil }
        self.init(stage: parts[1].isEmpty ? nil : String(parts[1]), number: number, text: "")
    }
}
