/// What an agent says of itself and its machine when a conversation begins.
public struct AgentInfo: Hashable, Sendable, Codable {
    /// Both sides must have the same.
    public var protocolVersion: Int
    /// Of the program, for people.
    public var agentVersion: String
    public var pid: Int
    /// The node's directory, absolute: where relative paths of jobs begin.
    public var directory: String
    public var hostName: String
    /// Processors that may be used.
    public var cpus: Int
    /// Of the machine, in bytes.
    public var memoryBytes: Int64
    /// The program that runs containers there, `docker` or `podman`; nil where there is none.
    public var containers: String?
    /// Nil where nothing is known of it.
    public var mounts: MountAbility?

    public init(
        protocolVersion: Int, agentVersion: String, pid: Int, directory: String, hostName: String, cpus: Int,
        memoryBytes: Int64, containers: String? = nil, mounts: MountAbility? = nil
    ) {
        self.protocolVersion = protocolVersion
        self.agentVersion = agentVersion
        self.pid = pid
        self.directory = directory
        self.hostName = hostName
        self.cpus = cpus
        self.memoryBytes = memoryBytes
        self.containers = containers
        self.mounts = mounts
    }
}
