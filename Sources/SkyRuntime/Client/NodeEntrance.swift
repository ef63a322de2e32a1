import SkyProcess

/// A command of this machine that lets a person into a node, with the terminal that it is run at.
public struct NodeEntrance: Hashable, Sendable {
    /// A path, or a name for `PATH`.
    public var executable: String
    public var arguments: [String]

    public init(executable: String, arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }
}

extension NodeEntrance {
    /// What is said to the node's own `sky-agent`, word by word; none of them but the directory needs a shell's quotes.
    ///
    /// - Parameter command: for `/bin/sh`; nil for a shell to type into.
    public static func agentArguments(directory: String, job: String, command: String?) -> [String] {
        ["enter", "--dir", directory, "--job", job]
            + (command.map { ["--hex-command", SHA256.hex(Array($0.utf8))] } ?? [])
    }
}
