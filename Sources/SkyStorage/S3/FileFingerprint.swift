import Glibc
import SkyCore

/// What a file holds: the digest of the whole and of each part, from one reading.
struct FileFingerprint: Hashable, Sendable, Codable {
    let size: Int64
    /// Of the file's identity: while it stays the same, so does the rest.
    let stamp: String
    let whole: ArtifactDigest
    let parts: [ArtifactDigest]

    /// - Throws: `.unsuitable` when the file changes under the reader.
    static func read(_ path: String, cancellation: CancellationFlag) throws(StorageError) -> FileFingerprint {
        let file = try OpenFile(path, O_RDONLY | O_NONBLOCK, to: "read")
        let status = try file.status()
        guard status.kind == .file else { throw .unsuitable(path: path, reason: "only files can be sent") }
        let plan = PartPlan(size: status.size)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: BlobIntake.bufferSize, alignment: 4096)
        defer { buffer.deallocate() }
        var whole = SHA256Hasher()
        var parts: [ArtifactDigest] = []
        for index in 0..<plan.count {
            try cancellation.check()
            var part = SHA256Hasher()
            var rest = Int(plan[index].upperBound - plan[index].lowerBound)
            while rest > 0 {
                let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(rest, buffer.count)])
                guard try file.read(into: piece) == piece.count else { throw changed(path) }
                whole.update(UnsafeRawBufferPointer(piece))
                // Of one part the whole's digest is the part's.
                if plan.count > 1 { part.update(UnsafeRawBufferPointer(piece)) }
                rest -= piece.count
            }
            if plan.count > 1 { parts.append(part.finalize()) }
        }
        guard try file.status().stamp == status.stamp else { throw changed(path) }
        let digest = whole.finalize()
        return FileFingerprint(
            size: status.size, stamp: status.stamp, whole: digest, parts: plan.count > 1 ? parts : [digest])
    }

    static func changed(_ path: String) -> StorageError {
        .unsuitable(path: path, reason: "changed while it was being sent: send it again once nobody writes to it")
    }
}
