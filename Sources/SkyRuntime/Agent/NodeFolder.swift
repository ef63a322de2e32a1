import SkyProcess

/// A node's directory: one agent works in it at a time.
struct NodeFolder {
    /// Absolute, without links.
    let path: String

    /// Makes the folder if it is missing.
    init(_ path: String) throws(SystemError) {
        try Files.makeFolder(path, mode: 0o700)
        guard let absolute = Files.absolutePath(path) else { throw .last("find \(path)") }
        self.path = absolute
    }

    var lock: String { "\(path)/agent.lock" }
    var socket: String { "\(path)/agent.sock" }
    /// The agent's `ProcessIdentity`.
    var identity: String { "\(path)/agent.pid" }
    /// There once a person has been let in.
    var visited: String { "\(path)/visited" }
    var log: String { "\(path)/agent.log" }
    var jobs: String { "\(path)/jobs" }
    /// The folder of a job that is not there yet.
    var nextJob: String { "\(path)/next-job" }
    var lease: LeaseFile { LeaseFile(folder: path) }

    func setup(_ key: String) -> SetupRecord { SetupRecord(path: "\(path)/setups/\(key)") }

    func job(_ id: String) -> JobFolder { JobFolder(path: "\(jobs)/\(id)") }

    var agentIsAlive: Bool {
        guard let bytes = (try? Files.read(identity)) ?? nil else { return false }
        return ProcessIdentity(String(decoding: bytes, as: UTF8.self))?.isAlive ?? false
    }

    static func socket(in directory: String) -> String { "\(directory)/agent.sock" }
}
