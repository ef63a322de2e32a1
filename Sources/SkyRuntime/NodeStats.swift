/// What a node and its machine have used until a moment: sums that only grow, but for memory and disk room. Two of them give
/// what is used now.
public struct NodeStats: Hashable, Sendable, Codable {
    /// Milliseconds on the machine's monotonic clock.
    public var at: Int64
    /// Of the machine.
    public var cpus: Int
    /// Processor time in milliseconds, of all processors together.
    public var busy: Int64
    public var memoryTotal: Int64
    public var memoryAvailable: Int64
    /// Of the file system that the node's folder is on.
    public var diskTotal: Int64
    public var diskFree: Int64
    public var diskRead: Int64
    public var diskWritten: Int64
    /// Over all interfaces but the loopback.
    public var received: Int64
    public var sent: Int64
    /// Those that run.
    public var jobs: [Job]
    /// Nil until they are known, or where nobody can say.
    public var gpus: [GPU]?

    public init(
        at: Int64, cpus: Int, busy: Int64, memoryTotal: Int64, memoryAvailable: Int64, diskTotal: Int64,
        diskFree: Int64, diskRead: Int64, diskWritten: Int64, received: Int64, sent: Int64, jobs: [Job], gpus: [GPU]?
    ) {
        self.at = at
        self.cpus = cpus
        self.busy = busy
        self.memoryTotal = memoryTotal
        self.memoryAvailable = memoryAvailable
        self.diskTotal = diskTotal
        self.diskFree = diskFree
        self.diskRead = diskRead
        self.diskWritten = diskWritten
        self.received = received
        self.sent = sent
        self.jobs = jobs
        self.gpus = gpus
    }

    public struct Job: Hashable, Sendable, Codable {
        public var id: String
        /// Processor time in milliseconds, of all its processes, also of those that have ended.
        public var busy: Int64
        /// In memory now, pages that several share counted for each.
        public var memory: Int64
        public var processes: Int

        public init(id: String, busy: Int64, memory: Int64, processes: Int) {
            self.id = id
            self.busy = busy
            self.memory = memory
            self.processes = processes
        }
    }

    public struct GPU: Hashable, Sendable, Codable {
        public var index: Int
        public var name: String
        /// 0…100.
        public var utilization: Int
        public var memoryUsed: Int64
        public var memoryTotal: Int64

        public init(index: Int, name: String, utilization: Int, memoryUsed: Int64, memoryTotal: Int64) {
            self.index = index
            self.name = name
            self.utilization = utilization
            self.memoryUsed = memoryUsed
            self.memoryTotal = memoryTotal
        }
    }
}
