import Glibc
public import SkyCore

extension LocalArtifactStore {
    /// Removes every artifact that is not in `keeping`, what was set aside as damaged, and what killed processes left
    /// half done. Waits for puts under way and keeps new ones waiting. Blobs that transfers are bringing stay.
    ///
    /// An artifact that was put but that nobody has told the caller of is unreferenced too: give `unusedSince` to spare
    /// all that was made at that moment or later.
    ///
    /// - Returns: what was freed.
    @discardableResult
    public func removeUnreferenced(
        keeping: Set<ArtifactDigest>, unusedSince: Instant? = nil
    ) async throws(StorageError) -> DataSize {
        try await offPool { [layout] cancellation throws(StorageError) in
            guard let lock = try OpenFile.ifPresent(layout.root + "/lock", O_RDWR) else { return .zero }
            try lock.lockExclusively(cancellation: cancellation)
            defer { lock.holdUntilHere() }
            var sweep = Sweep(layout: layout, keeping: keeping, spareFrom: unusedSince)
            return try sweep.run(cancellation: cancellation)
        }
    }
}

/// Runs while nobody else is in the store, except transfers between two of their steps.
private struct Sweep {
    let layout: StoreLayout
    let keeping: Set<ArtifactDigest>
    let spareFrom: Instant?
    private var freed = DataSize.zero

    init(layout: StoreLayout, keeping: Set<ArtifactDigest>, spareFrom: Instant?) {
        self.layout = layout
        self.keeping = keeping
        self.spareFrom = spareFrom
    }

    mutating func run(cancellation: CancellationFlag) throws(StorageError) -> DataSize {
        var wanted = keeping
        // Manifests go before blobs: killed in between, a folder is gone and not half there.
        for name in try FileTree.names(in: layout.folders) {
            try cancellation.check()
            let path = "\(layout.folders)/\(name)"
            if let digest = ArtifactDigest(hex: name), try isKept(digest, at: path, by: keeping) {
                wanted.formUnion(try blobs(ofFolder: digest))
            } else {
                try remove(path)
            }
        }
        for name in try FileTree.names(in: layout.blobs) {
            try cancellation.check()
            let path = "\(layout.blobs)/\(name)"
            if let digest = ArtifactDigest(hex: name), try isKept(digest, at: path, by: wanted) { continue }
            try remove(path)
        }
        for name in try FileTree.names(in: layout.incoming) { try removeLeftover("\(layout.incoming)/\(name)") }
        for name in try FileTree.names(in: layout.setAside) { try remove("\(layout.setAside)/\(name)") }
        return freed
    }

    private func blobs(ofFolder digest: ArtifactDigest) throws(StorageError) -> [ArtifactDigest] {
        do {
            return try layout.contents(of: digest)?.blobs.map(\.digest) ?? []
        } catch .corrupt, .badManifest {
            // Damaged, and no longer a folder that could need anything.
            return []
        }
    }

    /// No put is under way now, so only a partial blob may still be somebody's.
    private mutating func removeLeftover(_ path: String) throws(StorageError) {
        guard let file = try OpenFile.ifPresent(path, O_RDONLY), try file.tryLock(.exclusive) else { return }
        if path.hasSuffix(".partial"), try isSpared(path) { return }
        try remove(path)
        file.holdUntilHere()
    }

    private func isKept(
        _ digest: ArtifactDigest, at path: String, by wanted: Set<ArtifactDigest>
    ) throws(StorageError) -> Bool {
        if wanted.contains(digest) { return true }
        return try isSpared(path)
    }

    private func isSpared(_ path: String) throws(StorageError) -> Bool {
        guard let spareFrom, let status = try FileStatus.ofLink(path) else { return false }
        return status.modified >= spareFrom
    }

    private mutating func remove(_ path: String) throws(StorageError) {
        freed = freed + DataSize(bytes: try FileStatus.ofLink(path)?.size ?? 0)
        try FileTree.removeFile(path)
    }
}
