import Glibc

/// Artifacts in a folder of this machine, found by what they contain. One per emulated region; any number of
/// processes may use it at once, and any of them may be killed at any time.
///
/// A file becomes a blob, a folder a manifest over blobs, so equal files are kept once. Everything is written under
/// another name, synced and renamed; everything is hashed again as it is read.
public struct LocalArtifactStore: ArtifactStore {
    let layout: StoreLayout

    /// The folder is made when something is first put into it.
    public init(root: String) {
        layout = StoreLayout(root: root)
    }

    /// Keeps the file or folder at `path`; a link there is followed, links inside a folder are kept as links. Of a
    /// file only the bytes are kept; of files in a folder also whether their owner may execute them.
    ///
    /// Returns when the artifact would survive a power failure.
    public func put(path: String) async throws(StorageError) -> Artifact {
        try await offPool { [layout] cancellation throws(StorageError) in
            let lock = try layout.enter()
            defer { lock.holdUntilHere() }
            switch try FileStatus.ofTarget(path)?.kind {
            case .file:
                var intake = BlobIntake(layout, cancellation: cancellation)
                let blob = try intake.take(fileAt: path)
                try intake.settle()
                return ArtifactContents.file(blob).artifact
            case .folder:
                let found = try FolderScanner.scan(path, cancellation: cancellation)
                return try FolderIntake.keep(found, in: layout, cancellation: cancellation)
            case .link, .other: throw .unsuitable(path: path, reason: "only files and folders can be artifacts")
            case nil: throw .system(action: "find", path: path, errno: ENOENT)
            }
        }
    }

    public func artifact(_ digest: ArtifactDigest) async throws(StorageError) -> Artifact? {
        try await offPool { [layout] _ throws(StorageError) in
            guard let contents = try layout.contents(of: digest) else { return nil }
            for blob in contents.blobs where try !layout.holds(blob) { return nil }
            return contents.artifact
        }
    }

    /// Lays the artifact out as files that its user may change; nothing of it is shared with the store. Folders above
    /// `path` are made. What was at `path` is replaced in the end, and stays as it was when this throws.
    public func materialize(_ digest: ArtifactDigest, at path: String) async throws(StorageError) {
        try await offPool { [layout] cancellation throws(StorageError) in
            let staging = try Staging.open(for: path, cancellation: cancellation)
            try Materializer(layout, cancellation: cancellation).build(digest, at: staging.newPath)
            try staging.replace()
        }
    }
}
