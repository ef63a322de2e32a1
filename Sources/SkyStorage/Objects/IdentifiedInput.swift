public import SkyCore

/// What is in a bucket as somebody has put it there, with digests that are known without reading it: whoever is let read it can
/// bring it, and compare it.
public struct IdentifiedInput: SharedContents {
    public let contents: ArtifactContents
    /// Where each content is.
    let places: [ArtifactDigest: ObjectURL]
    let source: any ObjectStore

    public var origin: String { source.origin }

    public func contents(of digest: ArtifactDigest) async throws(StorageError) -> ArtifactContents? {
        digest == contents.artifact.digest ? contents : nil
    }

    public func grant(for blob: Blob, lasting: TimeSpan) async throws(StorageError) -> ReadGrant? {
        guard let url = places[blob.digest] else { throw .missing(blob.digest) }
        // Whoever may no longer narrow a grant since the launch hands out none.
        return try await source.narrowGrant(for: url, lasting: lasting)
    }
}

/// What can be said of an input without reading it.
public struct InputLook: Hashable, Sendable {
    public let size: DataSize
    /// Nodes may fetch it themselves: it need not come here.
    public let nodesMayFetch: Bool
}

extension ObjectInput {
    /// Objects of a folder that are asked for their digests one by one, where a list does not tell them.
    private static let mostAsked = 1000

    /// What `take` would make of it, where all digests are known: those that whoever put the objects has told of them, or those that
    /// an earlier `take` found in the same objects. Nothing of their contents is read. Nil also where nodes could only be let
    /// read it by what lets them read everything: people's own buckets are more than ours.
    ///
    /// - Parameter store: of this machine, that `take` would bring it into.
    /// - Throws: `.unsuitable` when there is nothing.
    public func identify(_ store: LocalArtifactStore) async throws(StorageError) -> IdentifiedInput? {
        guard try await source.hasNarrowGrants(for: url) else { return nil }
        if let object = try await Self.object(url, source) {
            guard let digest = object.digest ?? known.digest(of: [object]) else { return nil }
            let blob = Blob(digest: digest, size: object.size)
            return IdentifiedInput(contents: .file(blob), places: [digest: url], source: source)
        }
        let root = url.asFolder
        let objects = try await objects(of: root)
        guard !objects.isEmpty else { throw Self.nothing(at: url) }
        guard let manifest = try await manifest(of: objects, below: root, store) else { return nil }
        var places: [ArtifactDigest: ObjectURL] = [:]
        for entry in manifest.entries {
            guard case .file(let blob, _) = entry.kind else { continue }
            places[blob.digest] = root.with(key: root.key + entry.path)
        }
        return IdentifiedInput(contents: .folder(manifest), places: places, source: source)
    }

    /// How much `take` would bring, and whether `identify` or `unread` would say what it is.
    ///
    /// - Throws: `.unsuitable` when there is nothing.
    public func look() async throws(StorageError) -> InputLook {
        let objects: [StoredObject]
        if let object = try await Self.object(url, source) {
            objects = [object]
        } else {
            objects = try await self.objects(of: url.asFolder)
        }
        guard !objects.isEmpty else { throw Self.nothing(at: url) }
        let isTold = objects.allSatisfy { $0.digest != nil } || KnownObjects.stamp(objects) != nil
        let nodesMayFetch = isTold ? try await source.hasNarrowGrants(for: url) : false
        return InputLook(size: objects.reduce(.zero) { $0 + $1.size }, nodesMayFetch: nodesMayFetch)
    }

    private func manifest(
        of objects: [StoredObject], below root: ObjectURL, _ store: LocalArtifactStore
    ) async throws(StorageError) -> FolderManifest? {
        if let digest = known.digest(of: objects), case .folder(let manifest)? = try await store.contents(of: digest) {
            return manifest
        }
        guard let blobs = try await blobs(of: objects, root) else { return nil }
        let paths = objects.map { String($0.key.dropFirst(root.key.count)) }
        let files = zip(paths, blobs).map { FolderManifest.Entry(path: $0, kind: .file($1, isExecutable: false)) }
        let folders = UnreadInput.folders(of: paths).map { FolderManifest.Entry(path: $0, kind: .folder) }
        return try FolderManifest(files + folders)
    }

    /// Nil when one of them is not known.
    private func blobs(of objects: [StoredObject], _ root: ObjectURL) async throws(StorageError) -> [Blob]? {
        let told = objects.compactMap(\.digest)
        if told.count == objects.count {
            return zip(objects, told).map { Blob(digest: $1, size: $0.size) }
        }
        // The first speaks for the others: they were put together, as a rule.
        guard objects.count <= Self.mostAsked,
            try await source.object(root.with(key: objects[0].key))?.digest != nil
        else { return nil }
        let found = Collected<(Int, Blob)>()
        try await concurrently(objects.indices, width: BucketArtifactStore.crowd) { index async throws(StorageError) in
            let object = objects[index]
            guard let asked = try await source.object(root.with(key: object.key)), asked.size == object.size,
                let digest = asked.digest
            else { return }
            found.add((index, Blob(digest: digest, size: object.size)))
        }
        let blobs = found.all.sorted { $0.0 < $1.0 }.map(\.1)
        return blobs.count == objects.count ? blobs : nil
    }
}
