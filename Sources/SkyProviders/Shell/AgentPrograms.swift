import Glibc
import SkyProcess
import SkyRuntime

/// The `sky-agent`s that are here, one for each architecture, with their digests and packed for the way.
struct AgentPrograms: Sendable {
    struct Program: Hashable, Sendable {
        var path: String
        var architecture: String
        /// SHA-256 in hexadecimal.
        var digest: String
    }

    /// Of this machine's own architecture; those of others are beside it.
    let agentExecutable: String
    /// For digests and packed programs.
    let cache: String

    /// `x86_64`, `aarch64`: of the programs in the release layout, whatever a system calls it.
    static func architecture(of machine: String) -> String {
        switch machine {
        case "amd64": "x86_64"
        case "arm64", "armv8l": "aarch64"
        default: machine
        }
    }

    static var ownArchitecture: String {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }

    /// - Throws: `noAgent`.
    func program(for architecture: String) async throws(SSHFailure) -> Program {
        let named = "\(Disk.split(agentExecutable).folder)/sky-agent-linux-\(architecture)"
        // The release layout's own is stripped; one that is older than what it was made of is another program.
        let isOwn = architecture == Self.ownArchitecture
        let isStale = isOwn && Self.changed(named) < Self.changed(agentExecutable)
        let candidates = isOwn ? (isStale ? [agentExecutable] : [named, agentExecutable]) : [named]
        guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw .noAgent(architecture: architecture, wanted: named)
        }
        let cache = cache
        let digest = await onOwnThread {
            Result { () throws(SystemError) in try Self.digest(of: path, cache: cache) }
        }
        do throws(SystemError) {
            return Program(path: path, architecture: architecture, digest: try digest.get())
        } catch { throw .setup("\(error)") }
    }

    /// Nanoseconds since 1970; 0 of no file.
    private static func changed(_ path: String) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { return 0 }
        return Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// Read anew only when the file has changed.
    private static func digest(of path: String, cache: String) throws(SystemError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .last("read \(path)") }
        let state = "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ino)"
        let note = "\(cache)/\(SHA256.hex(SHA256.digest(of: Array(path.utf8)).prefix(8))).digest"
        let known = String(decoding: try Files.read(note) ?? [], as: UTF8.self)
        let parts = known.split(separator: "\n")
        if parts.count == 2, parts[0] == state { return String(parts[1]) }
        let digest = SHA256.hex(try SHA256.digest(ofFile: path))
        try Files.makeFolder(cache, mode: 0o700)
        try Files.replace(note, with: Array("\(state)\n\(digest)\n".utf8), durability: .processes)
        return digest
    }

    /// The program in gzip's format, packed once.
    func packed(_ program: Program) async throws(SSHFailure) -> String {
        let path = "\(cache)/\(program.digest).gz"
        do throws(SystemError) {
            try Files.makeFolder(cache, mode: 0o700)
            let lock = try await WaitingLock.acquire(program.digest, in: "\(cache)/locks")
            defer { lock.release() }
            if Files.exists(path) { return path }
            for name in Files.names(in: cache) where name.hasSuffix(".gz") { unlink("\(cache)/\(name)") }
            let fresh = "\(path).new"
            unlink(fresh)
            let end = try await ProcessSpawn(
                "gzip", ["-1nc", program.path], standardOutput: .append(path: fresh), standardError: .null
            ).start().wait()
            guard end.shellCode == 0 else { throw SystemError("pack \(program.path)", code: EIO) }
            try Disk.rename(fresh, to: path)
            return path
        } catch { throw .setup("\(error)") }
    }
}
