import SkyProcess

/// What a node knows of one way of setting it up: whether that was done, and who is doing it.
///
///     setups/KEY        there once a setup has ended with 0; says in whose working directory, if it changed something there
///     setups/KEY.lock   held by the supervisor that runs it
struct SetupRecord {
    let path: String

    /// - Parameter workID: of the working directory that the job has.
    func isDone(in workID: String?) -> Bool {
        guard let bytes = (try? Files.read(path)) ?? nil else { return false }
        return bytes.isEmpty || String(decoding: bytes, as: UTF8.self) == Self.word(for: workID)
    }

    /// Nil while another job's supervisor has it, which the kernel lets go when that one dies.
    func lock() throws(SystemError) -> FileLock? {
        try Files.makeFolder(Files.parent(of: path), mode: 0o700)
        return try FileLock("\(path).lock")
    }

    /// - Parameter workID: of the working directory, if the setup has changed something there; it is of no use elsewhere.
    func markDone(changing workID: String?, didChange: Bool) throws(SystemError) {
        try Files.replace(path, with: didChange ? Array(Self.word(for: workID).utf8) : [], durability: .processes)
    }

    private static func word(for workID: String?) -> String { "in \(workID ?? "")" }
}
