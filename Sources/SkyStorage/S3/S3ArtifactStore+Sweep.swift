public import SkyCore

extension S3ArtifactStore {
    /// Removes every artifact that is not in `keeping` and was put before `unusedSince`, and gives up uploads begun before
    /// then. Manifests go before blobs.
    ///
    /// - Important: whoever puts an artifact whose blobs are here already does not make them young again: `unusedSince` must
    ///   lie further back than any run takes.
    /// - Returns: what was freed.
    @discardableResult
    public func removeUnreferenced(
        keeping: Set<ArtifactDigest>, unusedSince: Instant
    ) async throws(StorageError) -> DataSize {
        var wanted = keeping
        var freed = try await sweep("folders/", unusedSince) { digest, isOld async throws(StorageError) in
            if isOld, !keeping.contains(digest) { return true }
            // A young one is kept too, with all that it needs.
            if let contents = try await self.contents(of: digest) { wanted.formUnion(contents.blobs.map(\.digest)) }
            return false
        }
        let needed = wanted
        freed = freed + (try await sweep("blobs/", unusedSince) { digest, isOld in isOld && !needed.contains(digest) })
        try await client.abandonUploads(root, begunBefore: unusedSince)
        return freed
    }

    private func sweep(
        _ folder: String, _ moment: Instant,
        isRemoved: (ArtifactDigest, _ isOld: Bool) async throws(StorageError) -> Bool
    ) async throws(StorageError) -> DataSize {
        let place = S3URL(bucket: root.bucket, key: root.key + folder)
        var freed = DataSize.zero
        try await client.eachPage(of: place) { page async throws(StorageError) in
            var gone: [String] = []
            for object in page.objects {
                guard let digest = ArtifactDigest(hex: String(object.key.dropFirst(place.key.count))) else { continue }
                let isOld = object.modified.map { $0 < moment } ?? false
                guard try await isRemoved(digest, isOld) else { continue }
                gone.append(object.key)
                freed = freed + object.size
            }
            try await client.delete(gone, in: root.bucket)
        }
        return freed
    }
}

extension S3Client {
    /// Gives up uploads whose keys begin with `url.key`: nobody has gone on with them for that long, and their parts cost.
    ///
    /// - Returns: how many.
    @discardableResult
    public func abandonUploads(_ url: S3URL, begunBefore moment: Instant) async throws(StorageError) -> Int {
        let stale = try await pendingUploads(url).filter { $0.begun.map { $0 < moment } ?? false }
        for upload in stale { try await abandonUpload(upload.id, to: S3URL(bucket: url.bucket, key: upload.key)) }
        return stale.count
    }
}
