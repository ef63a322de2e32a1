/// What the machine that `sky` runs on has. Looked up at the edge and handed in.
public struct HostShape: Hashable, Sendable {
    /// Logical processors.
    public var cpus: Double
    public var memoryGiB: Double

    public init(cpus: Double, memoryGiB: Double) {
        self.cpus = cpus
        self.memoryGiB = memoryGiB
    }
}
