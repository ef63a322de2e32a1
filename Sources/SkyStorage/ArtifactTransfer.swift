public import SkyCore

/// Carries artifacts from store to store.
public enum ArtifactTransfer {
    /// Makes `destination` hold what `source` holds under `digest`: verified there, going on where an earlier transfer
    /// was stopped or killed, and without carrying what is there already. Any number of transfers may be under way.
    ///
    /// - Parameter progress: called after every piece, from no particular thread.
    /// - Throws: `.missing` or `.corrupt` when the source cannot give the artifact; a damaged part of it counts as
    ///   absent there from then on.
    @discardableResult
    public static func copy(
        _ digest: ArtifactDigest, from source: some ArtifactStore, to destination: some ArtifactStore,
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws(StorageError) -> TransferReport {
        // Whatever has become of the source does not matter then.
        if let there = try await destination.artifact(digest) {
            let contents = try await destination.contents(of: digest)
            let bytes = contents?.blobs.reduce(.zero) { $0 + $1.size } ?? there.size
            return TransferReport(moved: .zero, skipped: bytes, resumed: .zero)
        }
        guard let contents = try await source.contents(of: digest) else { throw .missing(digest) }
        let courier = Courier(source: source, destination: destination, contents: contents, progress: progress)
        return try await courier.carry()
    }
}

/// How far a transfer has come. Equal files of a folder count once: they are carried once.
public struct TransferProgress: Hashable, Sendable {
    /// Now at the destination, whoever brought it.
    public var present: DataSize
    public var total: DataSize

    public init(present: DataSize, total: DataSize) {
        self.present = present
        self.total = total
    }
}

/// What a transfer did. The three together are the artifact's distinct contents.
public struct TransferReport: Hashable, Sendable, Codable {
    /// Carried by this transfer.
    public var moved: DataSize
    /// In files that were whole at the destination already.
    public var skipped: DataSize
    /// The beginnings, brought by earlier transfers, of files that this one completed.
    public var resumed: DataSize

    public init(moved: DataSize, skipped: DataSize, resumed: DataSize) {
        self.moved = moved
        self.skipped = skipped
        self.resumed = resumed
    }
}
