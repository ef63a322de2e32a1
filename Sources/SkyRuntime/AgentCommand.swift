import SkyProcess

/// How an agent is started.
enum AgentCommand {
    /// In a session of its own, with its complaints in the node's directory. It writes a byte to `ready` once it
    /// accepts connections; if it cannot, that end closes without one.
    static func serve(executable: String, directory: String, ready: Int32) -> ProcessSpawn {
        let log = ProcessSpawn.Stream.append(path: "\(directory)/agent.log")
        return ProcessSpawn(
            executable, ["serve", "--dir", directory, "--ready-fd", "3"], leadership: .session, standardOutput: log,
            standardError: log, extraDescriptors: [ready])
    }
}
