public import SkyCore

/// One thing to be had of a partition: whole nodes, or equal parts of them.
public struct SlurmMachine: Hashable, Sendable {
    public let nodes: SlurmNodes
    /// 1 for the whole node, 2 for half of it.
    public let parts: Int
    public let terms: SlurmTerms
    /// As the catalog calls it; nil without, or where nobody knows what it is.
    public let accelerator: AcceleratorCount?

    public var partition: String { nodes.partition }
    public var cpus: Int { nodes.cpus / parts }
    /// In MiB.
    public var memory: Int { nodes.memory / parts }
    public var gpus: Int { (nodes.gpus?.count ?? 0) / parts }

    /// In GiB, rounded down to a tenth.
    public var memoryGiB: Double { (Double(memory) / 1024 * 10).rounded(.down) / 10 }

    /// `4c-15.6g`, `64c-512g-A100x8`: as those of one's own hosts are called.
    public var machineType: String {
        SSHShape(cores: Double(cpus), memoryGiB: memoryGiB, accelerator: accelerator).machineType
    }

    public var pricePerHour: Money {
        let whole = terms.pricePerHour ?? .zero
        let cpu = terms.pricePerCPUHour ?? .zero
        return whole.scaled(by: 1, over: Int64(parts)) + cpu.scaled(by: Int64(cpus), over: 1)
    }

    /// How long a job has its nodes at most; nil for no limit.
    public var timeLimit: TimeSpan? {
        guard let asked = terms.time else { return nodes.timeLimit }
        return nodes.timeLimit.map { min($0, asked) } ?? asked
    }

    /// How many nodes a group may have.
    public var count: Int { min(nodes.usable, nodes.mostNodes ?? .max) }

    /// What `sbatch` is asked of each node. A whole node has all its memory, however much of it the cluster keeps back.
    var options: [String] {
        var options = ["--partition=\(partition)", "--mincpus=\(cpus)", "--cpus-per-task=\(cpus)"]
        options += parts == 1 ? ["--exclusive", "--mem=0"] : ["--mem=\(memory)M"]
        if let gpu = nodes.gpus { options.append("--gres=\(gpu.option(gpus))") }
        if let account = terms.account { options.append("--account=\(account)") }
        if let qos = terms.qos { options.append("--qos=\(qos)") }
        return options + ["--time=\(SlurmTime.option(timeLimit))"]
    }
}

extension SlurmCluster {
    /// Everything that can be had, as far as the cluster was asked. Of nodes that are alike in a partition there is the
    /// whole one, its half, its quarter, and so on: with as many accelerators and CPUs, down to one.
    public var machines: [SlurmMachine] {
        guard let facts else { return [] }
        return facts.nodes.flatMap { nodes -> [SlurmMachine] in
            guard nodes.isUp, nodes.usable > 0, let terms = terms(in: nodes.partition) else { return [] }
            let name = nodes.gpus.flatMap { $0.catalogName(accelerators) }
            return Self.parts(of: nodes).map { parts in
                let count = (nodes.gpus?.count ?? 0) / parts
                return SlurmMachine(
                    nodes: nodes, parts: parts, terms: terms,
                    accelerator: name.map { AcceleratorCount(name: $0, count: Double(count)) })
            }
        }
    }

    private static func parts(of nodes: SlurmNodes) -> [Int] {
        guard !nodes.isExclusive else { return [1] }
        let divided = nodes.gpus?.count ?? nodes.cpus
        return Array(
            sequence(first: 1) { $0 * 2 }.prefix { parts in
                divided % parts == 0 && nodes.cpus / parts > 0 && nodes.memory / parts > 512 || parts == 1
            })
    }
}
