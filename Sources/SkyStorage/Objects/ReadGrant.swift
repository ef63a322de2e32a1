public import SkyCore

/// Lets whoever has it read one object, for a while and without anybody's credentials.
public struct ReadGrant: Sendable {
    public let url: Secret
    /// `Name: value`
    public let headers: [Secret]
    /// Why it lets do more than read this one object, for people: all that we may, for a while. Nil where it does not.
    public let excess: String?

    public init(url: Secret, headers: [Secret] = [], excess: String? = nil) {
        self.url = url
        self.headers = headers
        self.excess = excess
    }
}

/// What others can be let read by HTTP, so that it need not come by way of this machine.
public protocol SharedContents: Sendable {
    /// What its objects are known by, for people and for remembering that somebody cannot reach it.
    var origin: String { get }

    /// What the digest consists of; nil when it is unknown here.
    func contents(of digest: ArtifactDigest) async throws(StorageError) -> ArtifactContents?

    /// Nil where the store can let nobody in.
    func grant(for blob: Blob, lasting: TimeSpan) async throws(StorageError) -> ReadGrant?
}

extension SharedContents {
    /// One for each. Nil where it can let nobody in.
    public func grants(
        for blobs: [Blob], lasting span: @escaping @Sendable (DataSize) -> TimeSpan
    ) async throws(StorageError) -> [ReadGrant]? {
        try await ReadGrant.each(for: blobs) { blob async throws(StorageError) in
            try await grant(for: blob, lasting: span(blob.size))
        }
    }
}

extension ReadGrant {
    /// One for each, side by side: some stores are asked for each of them. Nil where one lets nobody in.
    static func each<Item: Sendable>(
        for items: [Item], _ grant: @escaping @Sendable (Item) async throws(StorageError) -> ReadGrant?
    ) async throws(StorageError) -> [ReadGrant]? {
        let found = Collected<(Int, ReadGrant)>()
        try await concurrently(items.indices, width: BucketArtifactStore.crowd) { index async throws(StorageError) in
            if let grant = try await grant(items[index]) { found.add((index, grant)) }
        }
        let grants = found.all.sorted { $0.0 < $1.0 }.map(\.1)
        return grants.count == items.count ? grants : nil
    }
}

/// A store that others can be let read and write by HTTP, so that blobs need not come by way of this machine.
public protocol GrantingStore: ArtifactStore, SharedContents {
    /// How it takes blobs from others.
    var rules: PartRules { get }

    /// Lets others send blobs that are not here; goes on with what an earlier call has begun and others have sent since.
    ///
    /// - Parameter holder: tells who has the blobs from others who may be sending the same.
    /// - Returns: nil where the store can let nobody write.
    func admit(
        _ remotes: [RemoteBlob], of holder: String, lasting: TimeSpan
    ) async throws(StorageError) -> [BlobGrants]?

    /// Makes blobs of what has arrived, and compares each with what the store says of it.
    ///
    /// - Returns: those that are not here, or not wholly.
    func settle(_ remotes: [RemoteBlob], of holder: String) async throws(StorageError) -> [RemoteBlob]

    /// Takes away what has arrived of blobs that will not be sent by others after all.
    func dismiss(_ remotes: [RemoteBlob], of holder: String) async throws(StorageError)
}

extension BucketArtifactStore: GrantingStore {
    public var origin: String { store.origin }

    public func grant(for blob: Blob, lasting: TimeSpan) async throws(StorageError) -> ReadGrant? {
        try await store.grant(for: url(ofBlob: blob.digest), lasting: lasting)
    }
}
