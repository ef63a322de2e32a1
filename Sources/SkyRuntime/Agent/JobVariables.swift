import FoundationEssentials

/// The environment that a job's commands get.
enum JobVariables {
    private static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// What the job says, the few variables that every program expects, and the mark. Nothing else of the agent's own
    /// environment gets through.
    static func of(_ job: JobSpec, in folder: JobFolder, agent: [String: String]? = nil) -> [String: String] {
        let agent = agent ?? ProcessInfo.processInfo.environment
        var variables = ["PATH": searchPath]
        for name in ["PATH", "HOME", "LANG", "TMPDIR"] {
            if let value = agent[name] { variables[name] = value }
        }
        if let needs = job.needs {
            variables.merge(DeviceVariables.of(needs, indexes: folder.grantedDevices())) { _, ours in ours }
        }
        variables.merge(job.environment) { _, own in own }
        variables[JobFolder.markVariable] = folder.path
        return variables
    }
}
