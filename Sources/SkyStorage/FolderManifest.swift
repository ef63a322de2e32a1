public import SkyCore

/// A run of bytes that a store keeps under their digest: the contents of one file.
public struct Blob: Hashable, Sendable {
    public let digest: ArtifactDigest
    public let size: DataSize

    public init(digest: ArtifactDigest, size: DataSize) {
        self.digest = digest
        self.size = size
    }
}

/// What a folder artifact consists of. Its canonical text is hashed to the folder's digest, so two folders with the
/// same names, contents and executable bits are the same artifact wherever they were made.
///
/// A manifest that exists reaches nowhere outside its folder: both initialisers refuse such a one.
public struct FolderManifest: Sendable {
    public struct Entry: Sendable {
        /// Relative to the folder, parts divided by `/`.
        public let path: String
        public let kind: Kind

        public init(path: String, kind: Kind) {
            self.path = path
            self.kind = kind
        }
    }

    public enum Kind: Hashable, Sendable {
        case folder
        case file(Blob, isExecutable: Bool)
        /// A symbolic link to somewhere inside the folder, as written in it.
        case link(target: String)
    }

    /// In the order of their paths' bytes, every folder before what it holds.
    public let entries: [Entry]
    /// The canonical text.
    public let bytes: [UInt8]
    public let digest: ArtifactDigest
    /// Of all files together.
    public let size: DataSize
    /// Each once, however many files have these contents.
    public let blobs: [Blob]

    /// - Throws: `.badManifest` unless the paths are relative, plain and distinct, every entry's folder is an entry
    ///   too, and every link stays inside.
    public init(_ entries: [Entry]) throws(StorageError) {
        self.entries = entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        (blobs, size) = try ManifestRules.check(self.entries)
        bytes = ManifestText.write(self.entries)
        digest = ArtifactDigest(hashing: bytes)
    }

    /// Reads the canonical text, and only that.
    public init(bytes: [UInt8]) throws(StorageError) {
        try self.init(try ManifestText.read(bytes))
        guard bytes == self.bytes else { throw .badManifest(reason: "not in canonical form") }
    }
}

/// What an artifact consists of, as transfers see it.
public enum ArtifactContents: Sendable {
    case file(Blob)
    case folder(FolderManifest)

    public var artifact: Artifact {
        switch self {
        case .file(let blob): Artifact(digest: blob.digest, kind: .file, size: blob.size)
        case .folder(let manifest): Artifact(digest: manifest.digest, kind: .folder, size: manifest.size)
        }
    }

    public var blobs: [Blob] {
        switch self {
        case .file(let blob): [blob]
        case .folder(let manifest): manifest.blobs
        }
    }
}
