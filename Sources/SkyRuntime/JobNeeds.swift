public import SkyCore

/// What a job is to have of its node for itself. Jobs that do not fit beside those that run wait in the node's queue.
public struct JobNeeds: Hashable, Sendable, Codable {
    /// The catalog name of the node's accelerators; nil for a node without.
    public var accelerator: String?
    /// More accelerators than any node has.
    static let mostDevices = 4096

    /// How many the node has; at most 4096.
    public var devicesOnNode: Int
    /// How many of them the job wants: 0…`devicesOnNode`. It finds their indexes in its environment, and no others.
    public var devices: Int
    /// Processors; 0: whatever is left.
    public var cpus: Int
    /// Nil: whatever is left.
    public var memory: DataSize?

    public init(
        accelerator: String? = nil, devicesOnNode: Int = 0, devices: Int = 0, cpus: Int = 0, memory: DataSize? = nil
    ) {
        self.accelerator = accelerator
        self.devicesOnNode = devicesOnNode
        self.devices = devices
        self.cpus = cpus
        self.memory = memory
    }

    /// All accelerators of a node; nil for a node without, or with a share of one.
    public init?(allOf accelerator: AcceleratorCount?) {
        guard let accelerator, accelerator.count >= 1, accelerator.count < 4096 else { return nil }
        let count = Int(accelerator.count)
        self.init(accelerator: accelerator.name, devicesOnNode: count, devices: count)
    }
}

/// A command to be run beside a job of a node: in its folder, after its setup, with its variables.
public struct BesideRequest: Hashable, Sendable, Codable {
    /// Of the new job.
    public var id: String
    /// The job that it is like.
    public var like: String
    /// Shell.
    public var run: String
    public var devices: Int
    public var cpus: Int
    public var memory: DataSize?

    public init(id: String, like: String, run: String, devices: Int = 0, cpus: Int = 0, memory: DataSize? = nil) {
        self.id = id
        self.like = like
        self.run = run
        self.devices = devices
        self.cpus = cpus
        self.memory = memory
    }
}

/// A job that has not ended, as its node's queue has it.
public struct JobListing: Hashable, Sendable, Codable {
    public var id: String
    public var isQueued: Bool
    /// The indexes of the accelerators that it has.
    public var devices: [Int]
    /// Nil of one that did not say.
    public var needs: JobNeeds?
    /// The beginning of its command, one line.
    public var command: String
}
