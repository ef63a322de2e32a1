import SkyCore
import SkyStorage
import Synchronization

/// A store at the far end of a bad line: what is read from it goes through `line`, which may change it or throw.
struct WireStore: ArtifactStore {
    let base: LocalArtifactStore
    /// Gets how many bytes have been read before, and the piece.
    let line: @Sendable (Int64, [UInt8]) async throws(StorageError) -> [UInt8]
    private let count = Count()

    final class Count: Sendable {
        let bytes = Mutex<Int64>(0)
    }

    var bytesRead: Int64 { count.bytes.withLock { $0 } }

    init(
        _ base: LocalArtifactStore,
        line: @escaping @Sendable (Int64, [UInt8]) async throws(StorageError) -> [UInt8] = {
            (_, piece) async throws(StorageError) in piece
        }
    ) {
        self.base = base
        self.line = line
    }

    func read(_ blob: Blob, from offset: Int64, count wanted: Int) async throws(StorageError) -> [UInt8] {
        let piece = try await base.read(blob, from: offset, count: wanted)
        let before = count.bytes.withLock { $0 }
        let sent = try await line(before, piece)
        count.bytes.withLock { $0 += Int64(sent.count) }
        return sent
    }

    func put(path: String) async throws(StorageError) -> Artifact { try await base.put(path: path) }
    func artifact(_ digest: ArtifactDigest) async throws(StorageError) -> Artifact? { try await base.artifact(digest) }
    func materialize(_ digest: ArtifactDigest, at path: String) async throws(StorageError) {
        try await base.materialize(digest, at: path)
    }
    func contents(of digest: ArtifactDigest) async throws(StorageError) -> ArtifactContents? {
        try await base.contents(of: digest)
    }
    func missing(among blobs: [Blob]) async throws(StorageError) -> [Blob] { try await base.missing(among: blobs) }
    func verify(_ blob: Blob) async throws(StorageError) { try await base.verify(blob) }
    func receive(_ blob: Blob) async throws(StorageError) -> (any BlobReceiver)? { try await base.receive(blob) }
    func publish(_ contents: ArtifactContents) async throws(StorageError) { try await base.publish(contents) }
}
