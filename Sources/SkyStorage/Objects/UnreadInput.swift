public import SkyCore

/// What is in a bucket as somebody has put it there, whose contents nobody has told the digests of: what it is is known by its
/// names, sizes and entity tags, which change when it does. Nodes that are let read it bring it, and nobody else has to.
public struct UnreadInput: Sendable {
    public struct File: Hashable, Sendable {
        /// Within the input; empty where the input is one file.
        public let path: String
        public let size: DataSize
        /// Stands for this content of this object, as long as it stays the same.
        public let mark: ArtifactDigest
        let url: ObjectURL
    }

    /// Its digest is that of names, sizes and entity tags.
    public let artifact: Artifact
    public let files: [File]
    let source: any ObjectStore

    public var origin: String { source.origin }

    /// All folders that the files are in, each before what is in it.
    public var folders: [String] { Self.folders(of: files.map(\.path)) }

    static func folders(of paths: [String]) -> [String] {
        var folders: Set<String> = []
        for path in paths {
            for slash in path.indices where path[slash] == "/" { folders.insert(String(path[..<slash])) }
        }
        return folders.sorted()
    }

    /// What lets a node read each file, and nothing else, for a while; nil where that is not to be had of one of them.
    public func grants(
        lasting span: @escaping @Sendable (DataSize) -> TimeSpan
    ) async throws(StorageError) -> [ReadGrant]? {
        try await ReadGrant.each(for: files) { file async throws(StorageError) in
            try await source.narrowGrant(for: file.url, lasting: span(file.size))
        }
    }
}

extension ObjectInput {
    /// What is there now, told from what it may become. Nil where one of the objects has no entity tag, or where nodes could only be let
    /// read it by what lets them read everything.
    ///
    /// - Throws: `.unsuitable` when there is nothing.
    public func unread() async throws(StorageError) -> UnreadInput? {
        guard try await source.hasNarrowGrants(for: url) else { return nil }
        if let object = try await Self.object(url, source) { return unread([object], .file) { _ in "" } }
        let root = url.asFolder
        let objects = try await objects(of: root)
        guard !objects.isEmpty else { throw Self.nothing(at: url) }
        return unread(objects, .folder) { String($0.key.dropFirst(root.key.count)) }
    }

    private func unread(
        _ objects: [StoredObject], _ kind: Artifact.Kind, _ path: (StoredObject) -> String
    ) -> UnreadInput? {
        guard let stamp = KnownObjects.stamp(objects) else { return nil }
        let files = objects.compactMap { object -> UnreadInput.File? in
            guard let mark = KnownObjects.stamp([object]) else { return nil }
            return UnreadInput.File(path: path(object), size: object.size, mark: mark, url: url.with(key: object.key))
        }
        let size = objects.reduce(DataSize.zero) { $0 + $1.size }
        return UnreadInput(
            artifact: Artifact(digest: stamp, kind: kind, size: size), files: files, source: source)
    }
}
