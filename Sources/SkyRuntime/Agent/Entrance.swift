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
        if spec.image != nil, let runtime = folder.containerRuntime() {
            try enterContainer(of: folder, spec, runtime, in: node)
        }
        let working = "\(node.path)/\(spec.workingDirectory)"
        try Files.makeFolder(working)
        if spec.mounts != nil, let keeper = folder.mountKeeper() {
            try enterMounts(of: keeper, working, own["SHELL"], variables)
        }
        guard chdir(working) == 0 else { throw .last("enter \(working)") }
        try JobLimits.prepare(nil)
        let program = command == nil ? Self.shell(own["SHELL"]) : "/bin/sh"
        try ProcessReplacement.become(program, command.map { ["-c", $0] } ?? [], environment: variables)
    }

    /// Returns only where there is no container that runs: then the node itself is entered.
    private func enterContainer(
        of folder: JobFolder, _ job: JobSpec, _ runtime: String, in node: NodeFolder
    ) throws(SystemError) {
        let name = ContainerScripts.name(of: folder.path)
        let running = ProcessSpawn(
            runtime, ["exec", name, "/bin/sh", "-c", ":"], standardOutput: .null, standardError: .null)
        var status: Int32 = 1
        guard let pid = try? running.startUnmanaged(), waitpid(pid, &status, 0) == pid, status == 0 else {
            Agent.complain("the job's container does not run: this is its node itself")
            return
        }
        let terminal = isatty(STDIN_FILENO) == 1 ? ["--tty"] : []
        let mark = "\(JobFolder.markVariable)=\(node.jobs)/\(Self.mark)"
        try ProcessReplacement.become(
            runtime,
            ["exec", "--interactive"] + terminal + ["--env", mark, name, "/bin/sh", "-c"]
                + [ContainerScripts.visit(folder.path, "\(node.path)/\(job.workingDirectory)", command)])
    }

    /// Returns only where the programs for it are missing: then the node is entered as it is without the job's mounts.
    private func enterMounts(
        of keeper: Int32, _ working: String, _ wanted: String?, _ variables: [String: String]
    ) throws(SystemError) {
        let folders = ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin"]
        let programs = folders.map { (folder: String) -> String in "\(folder)/nsenter" }
        guard let nsenter = programs.first(where: { (path: String) -> Bool in access(path, X_OK) == 0 }) else {
            return Agent.complain("there is no nsenter here: this is the node without the job's mounts")
        }
        let namespaces = MountTools.find().namespaces
        let asUser = namespaces == .ofUser ? ["--user", "--preserve-credentials"] : []
        let shell = command.map { "exec /bin/sh -c \(ContainerScripts.quoted($0))" } ?? "exec \(Self.shell(wanted))"
        let inside = ["/bin/sh", "-c", "cd \(ContainerScripts.quoted(working)) && \(shell)"]
        let enter = [nsenter, "--target", "\(keeper)", "--mount"] + asUser
        guard namespaces == .bySudo else {
            return try ProcessReplacement.become(nsenter, enter.dropFirst() + inside, environment: variables)
        }
        let again = ["setpriv", "--reuid=\(geteuid())", "--regid=\(getegid())", "--init-groups"]
        let path = ["/usr/bin/env", "PATH=\(variables["PATH"] ?? "/usr/bin:/bin")"]
        try ProcessReplacement.become(
            "/usr/bin/sudo", ["-n", "-E"] + enter + again + path + inside, environment: variables)
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
