import FoundationEssentials
import Glibc
import SkyProcess

/// Lets a person into a node: a shell, or one command, in a job's folder and with its variables. Becomes that shell, so
/// that the terminal is the person's own.
struct Entrance: Equatable {
    /// The node's.
    var directory: String
    var job: String
    /// For `/bin/sh`; nil for a shell to type into.
    var command: String?

    /// Does not return unless it fails.
    func enter() throws(SystemError) {
        // A node that is being given back must not be made anew by looking for it.
        guard Files.isFolder(directory) else { throw SystemError("enter \(directory): the node is gone", code: ENOENT) }
        let node = try NodeFolder(directory)
        let folder = node.job(job)
        guard folder.hasSpec else {
            throw SystemError("enter \(directory): its job has not begun", code: ENOENT)
        }
        let spec = try folder.loadSpec()
        // From here on the agent says that it is not alone, and whoever ends the node looks for what is marked.
        try Files.replace(node.visited, with: [], durability: .processes)
        close(try UnixSocket.connect(to: node.socket))

        var variables = JobVariables.of(spec, in: folder, agent: agentEnvironment(node))
        variables[JobFolder.markVariable] = "\(node.jobs)/\(Self.mark)"
        let own = ProcessInfo.processInfo.environment
        for name in ["TERM", "COLORTERM"] where variables[name] == nil { variables[name] = own[name] }
        let working = "\(node.path)/\(spec.workingDirectory)"
        try Files.makeFolder(working)
        guard chdir(working) == 0 else { throw .last("enter \(working)") }
        try JobLimits.prepare(nil)
        let program = command == nil ? Self.shell(own["SHELL"]) : "/bin/sh"
        try ProcessReplacement.become(program, command.map { ["-c", $0] } ?? [], environment: variables)
    }

    /// In the place of a job's id: no agent takes what a visitor does for what a job has left.
    private static let mark = ".visit"

    private static func shell(_ wanted: String?) -> String {
        [wanted, "/bin/bash"].compactMap { $0 }.first { $0.hasPrefix("/") && access($0, X_OK) == 0 } ?? "/bin/sh"
    }

    /// What the agent gives to jobs of its own variables; nil where that cannot be seen.
    private func agentEnvironment(_ node: NodeFolder) -> [String: String]? {
        guard let identity = (try? Files.read(node.identity)) ?? nil,
            let agent = ProcessIdentity(String(decoding: identity, as: UTF8.self)), agent.isAlive
        else { return nil }
        return ProcessTable.environment(of: agent.pid)
    }
}
