/// What ends a node from inside, when its lease has run out and its jobs are gone.
public enum NodeEnd: Hashable, Sendable {
    /// The agent ends, and nothing of the node is left: for nodes that are processes.
    case processes
    /// A shell command that gives the machine back, run as the agent's user and again until the machine is gone:
    /// `shutdown -h now`.
    case command(String)

    /// True once the node in `directory` of this machine has begun to end itself: there is no way back, whatever may
    /// still run of it.
    public static func hasBegun(in directory: String) -> Bool { LeaseFile(folder: directory).hasEnded }
}
