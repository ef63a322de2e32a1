import FoundationEssentials

/// The environment that a job's commands get.
enum JobVariables {
    private static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Names, with blanks between them, of what else is handed on: what whoever gave the node says of it to jobs.
    static let handedOn = "SKY_HANDED_ON"

    /// What the job says, the few variables that every program expects, and the mark. Nothing else of the agent's own
    /// environment gets through.
    static func of(_ job: JobSpec, in folder: JobFolder, agent: [String: String]? = nil) -> [String: String] {
        let agent = agent ?? ProcessInfo.processInfo.environment
        var variables = ["PATH": searchPath]
        let others = (agent[Self.handedOn] ?? "").split(separator: " ").map(String.init)
        for name in ["PATH", "HOME", "LANG", "TMPDIR"] + others {
            if let value = agent[name] { variables[name] = value }
        }
        if let needs = job.needs {
            for (name, indexes) in DeviceVariables.of(needs, indexes: folder.grantedDevices()) {
                variables[name] = DeviceVariables.part(indexes, of: variables[name])
            }
        }
        variables[JobFolder.markVariable] = folder.path
        // A container's own are in a file that is read inside.
        if job.image != nil {
            let names = agent.filter { name, _ in AgentCommand.forRuntimes.contains { name.hasPrefix($0) } }
            return variables.merging(names) { known, _ in known }
        }
        variables.merge((job.secrets ?? [:]).merging(job.environment) { _, own in own }) { _, own in own }
        variables[JobFolder.markVariable] = folder.path
        return variables
    }
}
