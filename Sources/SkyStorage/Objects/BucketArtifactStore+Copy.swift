import SkyCore

extension BucketArtifactStore {
    /// Has the service copy a blob from bucket to bucket, from region to region too: its bytes do not come here.
    ///
    /// - Returns: nil where the service cannot, or does not let these credentials.
    /// - Throws: `.missing` when the source does not have it.
    func copy(_ blob: Blob, from source: BucketArtifactStore) async throws(StorageError) -> BlobAmounts? {
        let (from, to) = (source.url(ofBlob: blob.digest), url(ofBlob: blob.digest))
        guard source.origin == origin, from.scheme == to.scheme else { return nil }
        // What is damaged would be copied as it is.
        guard let object = try await source.store.object(from) else { throw .missing(blob.digest) }
        guard object.size == blob.size, object.digest == blob.digest else { return nil }
        try await prepare()
        do {
            let isNew = try await store.copy(from, to: to, existing: .keep)
            return isNew ? BlobAmounts(moved: blob.size.bytes) : BlobAmounts(skipped: blob.size.bytes)
        } catch .cancelled {
            throw .cancelled
        } catch {
            return nil
        }
    }
}
