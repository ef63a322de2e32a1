import Glibc
import SkyCore

/// Brings an object, or all objects of a folder, from a bucket or the web into a store of this machine.
public struct ObjectInput: Sendable {
    let source: any ObjectStore
    let url: ObjectURL
    private let scratch: String
    /// What came from where earlier, so that it is not fetched again while the object stays the same.
    let known: KnownObjects

    /// - Parameters:
    ///   - url: an object, or what the keys of several begin with up to a `/`.
    ///   - scratch: a folder of this machine for what is on its way; what a killed call leaves there the next goes on with.
    public init(_ source: any ObjectStore, _ url: ObjectURL, scratch: String) {
        self.source = source
        self.url = url
        let key = ArtifactDigest(hashing: Array("\(source.origin)\0\(url.scheme)\0\(url.bucket)\0\(url.key)".utf8))
        known = KnownObjects(folder: "\(scratch)/known", place: key)
        self.scratch = "\(scratch)/\(key.hex.prefix(32))"
    }

    /// - Throws: `.unsuitable` when there is nothing, or a key that cannot be the path of a file.
    public func take(
        into store: LocalArtifactStore, progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws(StorageError) -> Artifact {
        if let object = try await Self.object(url, source) {
            if let digest = object.digest, let here = try await store.artifact(digest) { return here }
            return try await take([object], into: store) { path async throws(StorageError) in
                _ = try await ObjectDownload(source, from: url, to: path, known: object).run(progress: progress)
            }
        }
        let root = url.asFolder
        let objects = try await objects(of: root)
        guard !objects.isEmpty else { throw Self.nothing(at: url) }
        let total = TransferTotal(objects.reduce(.zero) { $0 + $1.size }, progress)
        return try await take(objects, into: store) { path async throws(StorageError) in
            try await concurrently(objects, width: BucketArtifactStore.crowd) { object async throws(StorageError) in
                let place = "\(path)/\(object.key.dropFirst(root.key.count))"
                let one = total.one()
                let download = ObjectDownload(source, from: root.with(key: object.key), to: place, known: object)
                _ = try await download.run { one.see($0.present) }
            }
        }
    }

    /// Nil for what can only be a folder, and where there is none.
    static func object(_ url: ObjectURL, _ source: any ObjectStore) async throws(StorageError) -> StoredObject? {
        if url.scheme.isBuckets, url.isFolder { return nil }
        if let object = try await source.object(url) { return object }
        guard url.scheme.isBuckets else { throw .unsuitable(path: "\(url)", reason: "there is nothing") }
        return nil
    }

    static func nothing(at url: ObjectURL) -> StorageError {
        .unsuitable(path: "\(url)", reason: "there is no such object, and none whose key goes on with '/'")
    }

    /// A key that ends with a slash stands for a folder.
    private static func isFile(_ object: StoredObject) -> Bool { !object.key.hasSuffix("/") }

    private func take(
        _ objects: [StoredObject], into store: LocalArtifactStore,
        _ fetch: (_ path: String) async throws(StorageError) -> Void
    ) async throws(StorageError) -> Artifact {
        if let digest = known.digest(of: objects), let here = try await store.artifact(digest) { return here }
        // Two launches that need the same wait for each other.
        let lock = try await offPool { [scratch] cancellation throws(StorageError) in
            try FileTree.makeFolders(FileTree.parent(of: scratch), mode: 0o700)
            return try HeldFile("\(scratch).lock", cancellation: cancellation)
        }
        defer { lock.letGo() }
        let path = "\(scratch)/input"
        try await fetch(path)
        let artifact = try await store.put(path: path)
        try await offPool { [scratch, known] _ throws(StorageError) in
            try known.remember(artifact.digest, of: objects)
            try FileTree.removeAll(scratch)
            unlink("\(scratch).lock")
        }
        return artifact
    }

    /// Those that are files.
    func objects(of root: ObjectURL) async throws(StorageError) -> [StoredObject] {
        var objects: [StoredObject] = []
        try await source.eachPage(of: root) { page in
            objects += page.objects.filter(Self.isFile)
        }
        for object in objects {
            guard ObjectURL.isPath(object.key.dropFirst(root.key.count)) else {
                throw .unsuitable(
                    path: "\(root.with(key: object.key))", reason: "its key cannot be the path of a file")
            }
        }
        return objects
    }
}
