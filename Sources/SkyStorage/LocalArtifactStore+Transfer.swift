import Glibc
import SkyCore

extension LocalArtifactStore {
    public func contents(of digest: ArtifactDigest) async throws(StorageError) -> ArtifactContents? {
        try await offPool { [layout] _ throws(StorageError) in try layout.contents(of: digest) }
    }

    public func missing(among blobs: [Blob]) async throws(StorageError) -> [Blob] {
        try await offPool { [layout] _ throws(StorageError) in
            var missing: [Blob] = []
            for blob in blobs where try !layout.holds(blob) { missing.append(blob) }
            return missing
        }
    }

    public func read(_ blob: Blob, from offset: Int64, count: Int) async throws(StorageError) -> [UInt8] {
        try await offPool { [layout] _ throws(StorageError) in
            guard let file = try OpenFile.ifPresent(layout.blob(blob.digest), O_RDONLY) else {
                throw .missing(blob.digest)
            }
            try file.seek(to: offset)
            return try file.read(upTo: max(0, Int(clamping: min(Int64(count), blob.size.bytes - offset))))
        }
    }

    public func verify(_ blob: Blob) async throws(StorageError) {
        try await offPool { [layout] cancellation throws(StorageError) in
            try Materializer(layout, cancellation: cancellation).verify(blob)
        }
    }

    public func receive(_ blob: Blob) async throws(StorageError) -> (any BlobReceiver)? {
        try await offPool { [layout] cancellation throws(StorageError) in
            try LocalBlobReceiver.begin(blob, in: layout, cancellation: cancellation)
        }
    }

    public func publish(_ contents: ArtifactContents) async throws(StorageError) {
        try await offPool { [layout] _ throws(StorageError) in
            let lock = try layout.enter()
            defer { lock.holdUntilHere() }
            for blob in contents.blobs {
                guard try layout.holds(blob) else { throw .missing(blob.digest) }
                layout.touch(layout.blob(blob.digest))
            }
            try layout.syncFolder(layout.blobs)
            if case .folder(let manifest) = contents { try layout.keep(manifest) }
        }
    }
}
