public import SkyCore

extension ObjectStore {
    /// All pages, one after the other.
    public func eachPage(
        of url: ObjectURL, delimiter: String? = nil, _ take: (ObjectPage) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        var token: String?
        repeat {
            let page = try await page(of: url, delimiter: delimiter, after: token)
            try await take(page)
            token = page.next
        } while token != nil
    }

    /// `count` bytes from byte `offset` on, fewer at the object's end; nil when there is no such object.
    func read(_ url: ObjectURL, from offset: Int64, count: Int) async throws(StorageError) -> [UInt8]? {
        guard count > 0 else { return [] }
        return try await get(ObjectWish(url: url, part: offset..<offset + Int64(count)))?.bytes
    }

    /// For objects that are known to be small; nil when there is none.
    func bytes(of url: ObjectURL) async throws(StorageError) -> [UInt8]? {
        try await get(ObjectWish(url: url))?.bytes
    }

    /// False when there was one and it was kept.
    @discardableResult
    func put(
        _ bytes: [UInt8], digest: ArtifactDigest, at url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        try await put(.bytes(bytes, sha256: digest), digest: digest, at: url, existing: existing)
    }

    public func delete(_ keys: [String], in bucket: ObjectURL) async throws(StorageError) {
        try await concurrently(keys, width: BucketArtifactStore.crowd) { key async throws(StorageError) in
            try await delete(bucket.with(key: key))
        }
    }

    public func pendingUploads(_ url: ObjectURL) async throws(StorageError) -> [PendingUpload] { [] }

    /// Gives up uploads whose keys begin with `url.key`: nobody has gone on with them for that long, and their parts cost.
    ///
    /// - Returns: how many.
    @discardableResult
    public func abandonUploads(_ url: ObjectURL, begunBefore moment: Instant) async throws(StorageError) -> Int {
        let stale = try await pendingUploads(url).filter { $0.begun.map { $0 < moment } ?? false }
        for upload in stale { try await abandonUpload(upload.id, to: url.with(key: upload.key)) }
        return stale.count
    }

    /// Lets others read an object, and nothing else; nil where the store cannot, or what it would give lets read more.
    func narrowGrant(for url: ObjectURL, lasting span: TimeSpan) async throws(StorageError) -> ReadGrant? {
        let grant = try await grant(for: url, lasting: span)
        return grant?.excess == nil ? grant : nil
    }

    /// Found out by letting somebody.
    func hasNarrowGrants(for url: ObjectURL) async throws(StorageError) -> Bool {
        try await narrowGrant(for: url, lasting: .hour) != nil
    }

    func changed(_ url: ObjectURL) -> StorageError {
        .unsuitable(path: "\(url)", reason: "changed while it was being fetched: fetch it again")
    }
}
