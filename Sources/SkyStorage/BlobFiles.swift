import Glibc
import SkyCore

/// A store whose blobs are files of this machine, which others may read whole and bring whole.
protocol BlobFileHolding: ArtifactStore {
    func path(of blob: Blob) -> String

    /// Makes a blob part of the store that `bring` puts, verified, at the path that it gets. Nothing is brought when it is
    /// here already.
    func takeFile(
        _ blob: Blob, _ bring: (_ path: String) async throws(StorageError) -> Void
    ) async throws(StorageError)
}

/// A store elsewhere that moves whole files better than pieces: in parts side by side, going on where it stopped.
protocol BlobFileMoving: ArtifactStore {
    /// - Returns: what was sent now, and what had been before.
    func send(
        _ blob: Blob, from path: String, progress: @escaping @Sendable (TransferProgress) -> Void
    ) async throws(StorageError) -> BlobAmounts

    /// Lays the blob out at `path`, verified.
    func bring(
        _ blob: Blob, to path: String, progress: @escaping @Sendable (TransferProgress) -> Void
    ) async throws(StorageError) -> BlobAmounts
}

/// Of one blob, in bytes.
struct BlobAmounts: Hashable, Sendable {
    var moved: Int64 = 0
    var skipped: Int64 = 0
    var resumed: Int64 = 0
}

extension LocalArtifactStore: BlobFileHolding {
    func path(of blob: Blob) -> String { layout.blob(blob.digest) }

    func takeFile(
        _ blob: Blob, _ bring: (_ path: String) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        let isHere = try await offPool { [layout] _ throws(StorageError) in
            let lock = try layout.enter()
            defer { lock.holdUntilHere() }
            return try layout.holds(blob)
        }
        if isHere { return }
        // A sweep leaves young files of this name alone.
        let path = "\(layout.incoming)/\(blob.digest.hex).whole.partial"
        try await bring(path)
        try await offPool { [layout] _ throws(StorageError) in
            let lock = try layout.enter()
            defer { lock.holdUntilHere() }
            let file = try OpenFile(path, O_RDONLY, to: "sync")
            fchmod(file.descriptor, 0o400)
            try file.sync()
            try FileTree.move(path, to: layout.blob(blob.digest))
        }
    }
}

extension BucketArtifactStore: BlobFileMoving {
    func send(
        _ blob: Blob, from path: String, progress: @escaping @Sendable (TransferProgress) -> Void
    ) async throws(StorageError) -> BlobAmounts {
        try await prepare()
        let report = try await upload(path).run(progress: progress)
        // What lies there is not what its name says.
        guard report.blob == blob else { throw .corrupt(blob.digest) }
        return BlobAmounts(
            moved: report.moved.bytes, skipped: report.wasThere ? blob.size.bytes : 0, resumed: report.resumed.bytes)
    }

    func bring(
        _ blob: Blob, to path: String, progress: @escaping @Sendable (TransferProgress) -> Void
    ) async throws(StorageError) -> BlobAmounts {
        let report = try await fetch(blob, to: path, progress: progress)
        return BlobAmounts(moved: report.moved.bytes, resumed: report.resumed.bytes)
    }
}
