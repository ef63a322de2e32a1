import Glibc
import SkyCore

extension BucketArtifactStore {
    public func contents(of digest: ArtifactDigest) async throws(StorageError) -> ArtifactContents? {
        let url = url(ofFolder: digest)
        if let bytes = try await store.bytes(of: url) {
            guard ArtifactDigest(hashing: bytes) == digest else {
                try await store.delete(url)
                throw .corrupt(digest)
            }
            return .folder(try FolderManifest(bytes: bytes))
        }
        guard let object = try await store.object(self.url(ofBlob: digest)) else { return nil }
        return .file(Blob(digest: digest, size: object.size))
    }

    public func missing(among blobs: [Blob]) async throws(StorageError) -> [Blob] {
        let absent = Collected<Int>()
        try await concurrently(blobs.indices, width: Self.crowd) { index async throws(StorageError) in
            guard try await store.object(url(ofBlob: blobs[index].digest))?.size == blobs[index].size else {
                return absent.add(index)
            }
        }
        return absent.all.sorted().map { blobs[$0] }
    }

    public func read(_ blob: Blob, from offset: Int64, count: Int) async throws(StorageError) -> [UInt8] {
        let wanted = Int(clamping: max(0, min(Int64(count), blob.size.bytes - offset)))
        let bytes = try await store.read(url(ofBlob: blob.digest), from: offset, count: wanted)
        guard let bytes else { throw .missing(blob.digest) }
        return bytes
    }

    public func verify(_ blob: Blob) async throws(StorageError) {
        let place = scratch.freshIncoming()
        defer { unlink(place) }
        try await fetch(blob, to: place)
    }

    /// What comes is gathered on this machine, compared with its digest, and then sent.
    public func receive(_ blob: Blob) async throws(StorageError) -> (any BlobReceiver)? {
        try await prepare()
        if try await store.object(url(ofBlob: blob.digest))?.size == blob.size { return nil }
        let gatherer = try await offPool { [scratch] cancellation throws(StorageError) in
            try LocalBlobReceiver.begin(blob, in: scratch, cancellation: cancellation)
        }
        if let gatherer { return BucketBlobReceiver(blob, gatherer: gatherer, store: self) }
        // Gathered by somebody who died before it was sent.
        try await send(gathered: blob)
        return nil
    }

    public func publish(_ contents: ArtifactContents) async throws(StorageError) {
        if let absent = try await missing(among: contents.blobs).first { throw .missing(absent.digest) }
        if case .folder(let manifest) = contents { try await keep(manifest) }
    }

    fileprivate func send(gathered blob: Blob) async throws(StorageError) {
        let path = scratch.blob(blob.digest)
        let sent = try await upload(path).run().blob
        unlink(path)
        guard sent == blob else { throw .corrupt(blob.digest) }
    }
}

/// Gathers a blob on this machine and sends it to the bucket when it is whole and right.
private final class BucketBlobReceiver: BlobReceiver {
    var resumedAt: Int64 { gatherer.resumedAt }
    private let blob: Blob
    private let gatherer: LocalBlobReceiver
    private let store: BucketArtifactStore

    init(_ blob: Blob, gatherer: LocalBlobReceiver, store: BucketArtifactStore) {
        self.blob = blob
        self.gatherer = gatherer
        self.store = store
    }

    func append(_ bytes: [UInt8]) async throws(StorageError) { try await gatherer.append(bytes) }

    func finish() async throws(StorageError) {
        try await gatherer.finish()
        try await store.send(gathered: blob)
    }
}
