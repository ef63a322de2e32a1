public import SkyCore

/// What the commands of a stage may use of each node, whatever else the node has.
public struct StageLimits: Hashable, Sendable, Codable {
    /// Memory of all processes together; nil: no limit.
    public var memory: DataSize?
    /// Files that one process may have open at a time, 128…1,048,576; nil: as the node has it.
    public var files: Int?

    /// How much of what it prints is kept, of each node: the latest; nil: 1 GiB.
    public var log: DataSize?

    public init(memory: DataSize? = nil, files: Int? = nil, log: DataSize? = nil) {
        self.memory = memory
        self.files = files
        self.log = log
    }
}
