import SkyCore
import SkyRuntime

/// What a node uses now, from two samples of what it had used.
struct NodeUse: Sendable {
    let stage: String
    let rank: Int
    /// Of its jobs, in processors: 1.5 is one and a half.
    let jobCPUs: Double
    let jobMemory: DataSize
    let processes: Int
    let cpus: Int
    /// Of the machine, 0…1.
    let cpuShare: Double
    let memoryUsed: DataSize
    let memoryTotal: DataSize
    let diskFree: DataSize
    let diskTotal: DataSize
    /// A second.
    let diskRead: DataSize
    let diskWritten: DataSize
    let received: DataSize
    let sent: DataSize
    let gpus: [NodeStats.GPU]

    /// - Parameter before: an earlier sample of the same node.
    init(stage: String, rank: Int, _ now: NodeStats, since before: NodeStats) {
        self.stage = stage
        self.rank = rank
        let elapsed = Double(max(now.at - before.at, 1))
        func rate(_ field: (NodeStats) -> Int64) -> DataSize {
            DataSize(bytes: Int64(Double(max(0, field(now) - field(before))) * 1000 / elapsed))
        }
        // A job that has begun in between has used all of it since.
        let earlier = Dictionary(before.jobs.map { ($0.id, $0.busy) }, uniquingKeysWith: { first, _ in first })
        jobCPUs = now.jobs.reduce(0) { $0 + Double(max(0, $1.busy - (earlier[$1.id] ?? 0))) } / elapsed
        jobMemory = DataSize(bytes: now.jobs.reduce(0) { $0 + $1.memory })
        processes = now.jobs.reduce(0) { $0 + $1.processes }
        cpus = now.cpus
        cpuShare = min(1, Double(max(0, now.busy - before.busy)) / elapsed / Double(max(1, now.cpus)))
        memoryUsed = DataSize(bytes: max(0, now.memoryTotal - now.memoryAvailable))
        memoryTotal = DataSize(bytes: now.memoryTotal)
        (diskFree, diskTotal) = (DataSize(bytes: now.diskFree), DataSize(bytes: now.diskTotal))
        (diskRead, diskWritten) = (rate(\.diskRead), rate(\.diskWritten))
        (received, sent) = (rate(\.received), rate(\.sent))
        gpus = now.gpus ?? []
    }
}

/// What all nodes of a run use, a line each.
struct TopScreen: Sendable {
    let nodes: [NodeUse]

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init("STAGE", shrinksTo: 8), .init("NODE", .right), .init("CPU", .right), .init("MEMORY", .right),
            .init("MACHINE", .right), .init("OF ITS MEMORY", .right), .init("DISK FREE", .right, isOptional: true),
            .init("READ/WRITTEN", .right, isOptional: true), .init("RECEIVED/SENT", .right, isOptional: true),
            .init("GPUS", shrinksTo: 12),
        ])
        table.addHeader()
        for node in nodes {
            table.addRow([
                StyledText(node.stage, .cyan), "\(node.rank)", "\(Self.percent(node.jobCPUs))", "\(node.jobMemory)",
                "\(Self.percent(node.cpuShare)) of \(node.cpus)",
                "\(Self.percent(Self.share(node.memoryUsed, node.memoryTotal)))", "\(node.diskFree)",
                "\(node.diskRead)/\(node.diskWritten)", "\(node.received)/\(node.sent)",
                "\(node.gpus.map(Self.text).joined(separator: ", "))",
            ])
        }
        return table.lines(width: width)
    }

    private static func text(_ gpu: NodeStats.GPU) -> String {
        let share = share(DataSize(bytes: gpu.memoryUsed), DataSize(bytes: gpu.memoryTotal))
        return "\(gpu.index): \(gpu.utilization) %, memory \(percent(share))"
    }

    private static func share(_ part: DataSize, _ whole: DataSize) -> Double {
        whole.bytes > 0 ? Double(part.bytes) / Double(whole.bytes) : 0
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}

/// `sky top --output json`
struct TopJSON: Encodable {
    let version = 1
    let run: String
    let nodes: [Node]

    struct Node: Encodable {
        let stage: String
        let rank: Int
        let cpuPercent: Int
        let memoryBytes: Int64
        let processes: Int
        let machineCpus: Int
        let machineCpuPercent: Int
        let machineMemoryUsedBytes: Int64
        let machineMemoryBytes: Int64
        let diskFreeBytes: Int64
        let diskBytes: Int64
        /// A second, as the three that follow.
        let readBytes: Int64
        let writtenBytes: Int64
        let receivedBytes: Int64
        let sentBytes: Int64
        let gpus: [GPU]
    }

    struct GPU: Encodable {
        let index: Int
        let name: String
        let percent: Int
        let memoryUsedBytes: Int64
        let memoryBytes: Int64
    }

    init(run: String, _ nodes: [NodeUse]) {
        self.run = run
        self.nodes = nodes.map { node in
            Node(
                stage: node.stage, rank: node.rank, cpuPercent: Int((node.jobCPUs * 100).rounded()),
                memoryBytes: node.jobMemory.bytes, processes: node.processes, machineCpus: node.cpus,
                machineCpuPercent: Int((node.cpuShare * 100).rounded()),
                machineMemoryUsedBytes: node.memoryUsed.bytes, machineMemoryBytes: node.memoryTotal.bytes,
                diskFreeBytes: node.diskFree.bytes, diskBytes: node.diskTotal.bytes, readBytes: node.diskRead.bytes,
                writtenBytes: node.diskWritten.bytes, receivedBytes: node.received.bytes, sentBytes: node.sent.bytes,
                gpus: node.gpus.map {
                    GPU(
                        index: $0.index, name: $0.name, percent: $0.utilization, memoryUsedBytes: $0.memoryUsed,
                        memoryBytes: $0.memoryTotal)
                })
        }
    }
}
