/// Keeps artifacts by what they contain.
///
/// The first three are what a run needs. The rest is what `ArtifactTransfer` needs to carry an artifact from any
/// store to any other; a cloud's object store answers each with one or two plain requests.
public protocol ArtifactStore: Sendable {
    /// Keeps a file or folder of this machine. Keeping the same again costs reading it, and stores nothing.
    func put(path: String) async throws(StorageError) -> Artifact

    /// Nil when the artifact is absent or any part of it is.
    func artifact(_ digest: ArtifactDigest) async throws(StorageError) -> Artifact?

    /// Lays the artifact out at `path`, verified, all of it or nothing, replacing what is there.
    /// - Throws: `.missing`, or `.corrupt` when a part of it is damaged; it then counts as absent.
    func materialize(_ digest: ArtifactDigest, at path: String) async throws(StorageError)

    /// What the digest consists of, complete or not; nil when it is unknown here.
    func contents(of digest: ArtifactDigest) async throws(StorageError) -> ArtifactContents?

    /// Those of `blobs` that are not here.
    func missing(among blobs: [Blob]) async throws(StorageError) -> [Blob]

    /// `count` bytes from byte `offset` on, fewer only at the blob's end. Not verified: whoever takes in the whole is.
    func read(_ blob: Blob, from offset: Int64, count: Int) async throws(StorageError) -> [UInt8]

    /// Hashes the blob as it lies here.
    /// - Throws: `.corrupt` when it is damaged; it then counts as absent.
    func verify(_ blob: Blob) async throws(StorageError)

    /// Takes a blob in, going on where an earlier receiver of it stopped; nil when it is here already. While one
    /// receiver of a blob is at work, others wait for it.
    func receive(_ blob: Blob) async throws(StorageError) -> (any BlobReceiver)?

    /// Makes the artifact exist, durably, once all of its blobs are here.
    /// - Throws: `.missing`, naming the first blob that is not here.
    func publish(_ contents: ArtifactContents) async throws(StorageError)
}

/// Takes in one blob, piece by piece. Letting go of it before `finish` keeps what has come so far for the next.
public protocol BlobReceiver: Sendable {
    /// How many bytes an earlier receiver has left: where to go on.
    var resumedAt: Int64 { get }

    /// Takes the next bytes.
    func append(_ bytes: [UInt8]) async throws(StorageError)

    /// Makes the blob part of the store.
    /// - Throws: `.corrupt` when the bytes do not have its digest; they are thrown away.
    func finish() async throws(StorageError)
}
