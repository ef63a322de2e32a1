import SkyProcess

/// How an agent is started.
enum AgentCommand {
    /// In a session of its own, with its complaints in the node's directory. It writes a byte to `ready` once it
    /// accepts connections; if it cannot, that end closes without one.
    static func serve(executable: String, node: NodeFolder, ready: Int32) -> ProcessSpawn {
        let log = ProcessSpawn.Stream.append(path: node.log)
        return ProcessSpawn(
            executable, ["serve", "--dir", node.path, "--ready-fd", "3"], leadership: .session, standardOutput: log,
            standardError: log, extraDescriptors: [ready])
    }
}
