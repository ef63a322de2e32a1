public import SkyCore

/// What the commands of a stage may use of each node, whatever else the node has.
public struct StageLimits: Hashable, Sendable, Codable {
    /// Memory of all processes together; nil: no limit.
    public var memory: DataSize?
    /// Files that one process may have open at a time, 64…1,048,576; nil: as the node has it.
    public var files: Int?

    public init(memory: DataSize? = nil, files: Int? = nil) {
        self.memory = memory
        self.files = files
    }
}
