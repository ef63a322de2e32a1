public import SkyCore

extension BucketArtifactStore {
    /// Removes every artifact that is not in `keeping`, of a bucket that nobody else counts on, and the bucket when nothing is
    /// left in it.
    ///
    /// - Parameter unusedSince: what was put at that moment or later stays.
    /// - Returns: what was freed, and whether the bucket is gone.
    public func removeUnreferenced(
        keeping: Set<ArtifactDigest>, unusedSince: Instant
    ) async throws(StorageError) -> (freed: DataSize, isGone: Bool) {
        var wanted = keeping
        var useless: [StoredObject] = []
        func isYoung(_ object: StoredObject) -> Bool { object.modified.map { $0 >= unusedSince } ?? false }
        // Manifests go before blobs: stopped in between, a folder is gone and not half there.
        for object in try await all("folders/") {
            guard let digest = Self.digest(of: object) else { continue }
            if keeping.contains(digest) || isYoung(object) {
                if case .folder(let manifest)? = try await contents(of: digest) {
                    wanted.formUnion(manifest.blobs.map(\.digest))
                }
            } else {
                useless.append(object)
            }
        }
        for object in try await all("blobs/") {
            guard let digest = Self.digest(of: object), !wanted.contains(digest), !isYoung(object) else { continue }
            useless.append(object)
        }
        try await store.delete(useless.map(\.key), in: root)
        let isGone = try await store.removeBucket(root.with(key: ""))
        return (useless.reduce(.zero) { $0 + $1.size }, isGone)
    }

    /// Of a bucket that was never made: none.
    private func all(_ part: String) async throws(StorageError) -> [StoredObject] {
        var objects: [StoredObject] = []
        do {
            try await store.eachPage(of: root.with(key: root.key + part)) { objects += $0.objects }
        } catch .service(let error) where error.status == 404 {
            return []
        }
        return objects
    }

    private static func digest(of object: StoredObject) -> ArtifactDigest? {
        object.key.split(separator: "/").last.flatMap { ArtifactDigest(hex: String($0)) }
    }
}
