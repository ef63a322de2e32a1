import Glibc
import SkyCore
import SkyProcess
import SkyStorage

/// What the nodes of one attempt of a stage with an engine know and nobody else does. Made from a key of the run, so that a driver
/// that takes the run over tells the nodes that are still to begin the same.
enum EngineSecret {
    static func of(_ attempt: AttemptID, in folder: StateFolder) throws -> String {
        let key = try key(at: folder.engineKey(of: attempt.run))
        return ArtifactDigest(hashing: key + Array(" \(attempt.token)".utf8)).hex
    }

    /// The key in this file, which is made if need be: of several makers one wins, and all get its key.
    private static func key(at path: String) throws(SystemError) -> [UInt8] {
        if let key = try Files.read(path), !key.isEmpty { return key }
        let own = "\(path).\(UInt64.random(in: 0 ... .max))"
        try Files.put(own, (0..<32).map { _ in UInt8.random(in: 0 ... .max) }, mode: 0o600)
        defer { unlink(own) }
        guard link(own, path) == 0 || errno == EEXIST else { throw .last("write \(path)") }
        return try Files.read(path) ?? []
    }
}
