import Glibc
public import SkyCore

/// Brings an object, or all objects of a folder, from a bucket into a store of this machine.
public struct S3Input: Sendable {
    private let client: S3Client
    private let url: S3URL
    private let scratch: String

    /// - Parameters:
    ///   - url: an object, or what the keys of several begin with up to a `/`.
    ///   - scratch: a folder of this machine for what is on its way; what a killed call leaves there the next goes on with.
    public init(_ client: S3Client, _ url: S3URL, scratch: String) {
        self.client = client
        self.url = url
        let key = ArtifactDigest(hashing: Array("\(client.origin)\0\(url)".utf8))
        self.scratch = "\(scratch)/\(key.hex.prefix(32))"
    }

    /// - Throws: `.unsuitable` when there is nothing, or a key that cannot be the path of a file.
    public func take(into store: LocalArtifactStore) async throws(StorageError) -> Artifact {
        if let object = try await Self.object(url, client) {
            if let digest = object.digest, let known = try await store.artifact(digest) { return known }
            return try await keep(into: store) { path async throws(StorageError) in
                _ = try await S3Download(client, from: url, to: path, known: object).run()
            }
        }
        let root = url.asFolder
        let objects = try await objects(of: root)
        guard !objects.isEmpty else { throw Self.nothing(at: url) }
        return try await keep(into: store) { path async throws(StorageError) in
            try await concurrently(objects, width: S3ArtifactStore.crowd) { object async throws(StorageError) in
                let place = "\(path)/\(object.key.dropFirst(root.key.count))"
                let source = S3URL(bucket: root.bucket, key: object.key)
                _ = try await S3Download(client, from: source, to: place, known: object).run()
            }
        }
    }

    /// How many bytes `take` would bring, without bringing them.
    ///
    /// - Throws: `.unsuitable` when there is nothing.
    public static func size(of url: S3URL, _ client: S3Client) async throws(StorageError) -> DataSize {
        if let object = try await object(url, client) { return object.size }
        var (bytes, isEmpty): (Int64, Bool) = (0, true)
        try await client.eachPage(of: url.asFolder) { page in
            for object in page.objects where isFile(object) {
                bytes += object.size.bytes
                isEmpty = false
            }
        }
        guard !isEmpty else { throw nothing(at: url) }
        return DataSize(bytes: bytes)
    }

    /// Nil for what can only be a folder, and where there is none.
    private static func object(_ url: S3URL, _ client: S3Client) async throws(StorageError) -> S3Object? {
        url.isFolder ? nil : try await client.object(url)
    }

    private static func nothing(at url: S3URL) -> StorageError {
        .unsuitable(path: "\(url)", reason: "there is no such object, and none whose key goes on with '/'")
    }

    /// A key that ends with a slash stands for a folder.
    private static func isFile(_ object: S3Object) -> Bool { !object.key.hasSuffix("/") }

    private func keep(
        into store: LocalArtifactStore, _ fetch: (_ path: String) async throws(StorageError) -> Void
    ) async throws(StorageError) -> Artifact {
        // Two launches that need the same wait for each other.
        let lock = try await offPool { [scratch] cancellation throws(StorageError) in
            try FileTree.makeFolders(FileTree.parent(of: scratch), mode: 0o700)
            return try HeldFile("\(scratch).lock", cancellation: cancellation)
        }
        defer { lock.letGo() }
        let path = "\(scratch)/input"
        try await fetch(path)
        let artifact = try await store.put(path: path)
        try await offPool { [scratch] _ throws(StorageError) in
            try FileTree.removeAll(scratch)
            unlink("\(scratch).lock")
        }
        return artifact
    }

    /// Those that are files.
    private func objects(of root: S3URL) async throws(StorageError) -> [S3Object] {
        var objects: [S3Object] = []
        try await client.eachPage(of: root) { page in
            objects += page.objects.filter(Self.isFile)
        }
        for object in objects {
            guard S3URL.isPath(object.key.dropFirst(root.key.count)) else {
                throw .unsuitable(
                    path: "\(S3URL(bucket: root.bucket, key: object.key))",
                    reason: "its key cannot be the path of a file")
            }
        }
        return objects
    }
}
