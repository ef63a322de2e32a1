import FoundationEssentials
import SkyCore
import SkyProcess

/// How an agent is started.
enum AgentCommand {
    /// The arguments of an agent that looks after `directory`.
    static func arguments(
        _ command: String, directory: String, lease: TimeSpan?, nodeEnd: NodeEnd?
    ) -> [String] {
        var arguments = [command, "--dir", directory]
        if let lease { arguments += ["--lease", "\(lease.milliseconds)ms"] }
        if case .command(let command) = nodeEnd { arguments += ["--lease-end", command] }
        return arguments
    }

    /// In a session of its own, with its complaints in the node's directory. It writes a byte to `ready` once it
    /// accepts connections; if it cannot, that end closes without one.
    static func serve(
        executable: String, node: NodeFolder, ready: Int32, lease: TimeSpan? = nil, nodeEnd: NodeEnd? = nil
    ) -> ProcessSpawn {
        let log = ProcessSpawn.Stream.append(path: node.log)
        return ProcessSpawn(
            executable,
            arguments("serve", directory: node.path, lease: lease, nodeEnd: nodeEnd) + ["--ready-fd", "3"],
            environment: environment(from: ProcessInfo.processInfo.environment), leadership: .session,
            standardOutput: log, standardError: log, extraDescriptors: [ready])
    }

    /// Talks on its standard streams; see `Nursery`.
    static func nursery(executable: String, input: Int32, output: Int32) -> ProcessSpawn {
        ProcessSpawn(
            executable, ["nursery", Nursery.room],
            environment: environment(from: ProcessInfo.processInfo.environment), leadership: .session,
            standardInput: .descriptor(input), standardOutput: .descriptor(output), standardError: .null)
    }

    private static let variables: Set<String> = [
        "PATH", "HOME", "LANG", "TMPDIR", "USER", "LOGNAME", "LD_LIBRARY_PATH",
    ]
    /// What docker and podman look at themselves.
    static let forRuntimes = ["XDG_", "DOCKER_", "CONTAINER"]

    /// What an agent gets of the variables of whoever starts it: not a person's keys and passwords, of which neither it nor
    /// its jobs should know.
    static func environment(from all: [String: String]) -> [String: String] {
        let handedOn = Set((all[JobVariables.handedOn] ?? "").split(separator: " ").map(String.init))
        return all.filter { name, _ in
            variables.contains(name) || handedOn.contains(name)
                || (forRuntimes + ["SKY_"]).contains { name.hasPrefix($0) }
        }
    }
}
