import Glibc
import SkyCore

/// What a file holds: the digest of the whole and what the store compares of each part, from one reading.
public struct FileFingerprint: Hashable, Sendable, Codable {
    let size: Int64
    /// Of the file's identity: while it stays the same, so does the rest.
    let stamp: String
    let whole: ArtifactDigest
    /// In Base64, of the kind of the store's rules.
    let checksums: [String]

    /// - Throws: `.unsuitable` when the file changes under the reader.
    static func read(
        _ path: String, _ rules: PartRules, cancellation: CancellationFlag
    ) throws(StorageError) -> FileFingerprint {
        let file = try OpenFile(path, O_RDONLY | O_NONBLOCK, to: "read")
        let status = try file.status()
        guard status.kind == .file else { throw .unsuitable(path: path, reason: "only files can be sent") }
        let plan = PartPlan(size: status.size, rules)
        // Of one part the whole's digest is the part's.
        let isOne = plan.count == 1 && rules.checksum == .sha256
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: BlobIntake.bufferSize, alignment: 4096)
        defer { buffer.deallocate() }
        var whole = SHA256Hasher()
        var part = PartHasher(rules.checksum)
        var checksums: [String] = []
        for index in 0..<plan.count {
            try cancellation.check()
            var rest = Int(plan[index].upperBound - plan[index].lowerBound)
            while rest > 0 {
                let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(rest, buffer.count)])
                guard try file.read(into: piece) == piece.count else { throw changed(path) }
                whole.update(UnsafeRawBufferPointer(piece))
                if !isOne { part.update(UnsafeRawBufferPointer(piece)) }
                rest -= piece.count
            }
            if !isOne { checksums.append(part.next()) }
        }
        guard try file.status().stamp == status.stamp else { throw changed(path) }
        let digest = whole.finalize()
        return FileFingerprint(
            size: status.size, stamp: status.stamp, whole: digest, checksums: isOne ? [digest.base64] : checksums)
    }

    static func changed(_ path: String) -> StorageError {
        .unsuitable(path: path, reason: "changed while it was being sent: send it again once nobody writes to it")
    }
}
