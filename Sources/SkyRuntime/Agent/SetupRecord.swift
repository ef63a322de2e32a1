import SkyProcess

/// What a node knows of one way of setting it up: whether that was done, and who is doing it.
///
///     setups/KEY        there once a setup has ended with 0
///     setups/KEY.lock   held by the supervisor that runs it
struct SetupRecord {
    let path: String

    var isDone: Bool { Files.exists(path) }

    /// Nil while another job's supervisor has it, which the kernel lets go when that one dies.
    func lock() throws(SystemError) -> FileLock? {
        try Files.makeFolder(Files.parent(of: path), mode: 0o700)
        return try FileLock("\(path).lock")
    }

    func markDone() throws(SystemError) { try Files.replace(path, with: [], durability: .processes) }
}
