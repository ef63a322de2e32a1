import Glibc
import SkyCore

/// Where a local store keeps what.
///
///     <root>/blobs/<hex>              file contents, read-only, named by their SHA-256
///     <root>/folders/<hex>            manifests of folder artifacts
///     <root>/incoming/<hex>.partial   a blob on its way in; locked by whoever is writing it
///     <root>/incoming/put-…           contents whose digest is not known yet
///     <root>/set-aside/<hex>          what was found damaged
///     <root>/lock                     shared by everybody at work, exclusive for the sweep
///
/// Both `blobs` and `folders` are flat: file systems index large folders by hash, and one folder is one fsync.
struct StoreLayout: Sendable {
    let root: String

    var blobs: String { root + "/blobs" }
    var folders: String { root + "/folders" }
    var incoming: String { root + "/incoming" }
    var setAside: String { root + "/set-aside" }

    func blob(_ digest: ArtifactDigest) -> String { "\(blobs)/\(digest.hex)" }
    func manifest(_ digest: ArtifactDigest) -> String { "\(folders)/\(digest.hex)" }
    func partial(_ digest: ArtifactDigest) -> String { "\(incoming)/\(digest.hex).partial" }

    /// A path for contents on their way in that nobody else uses.
    func freshIncoming() -> String {
        "\(incoming)/put-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    /// Holds the store against a sweep for as long as the result lives, and makes the store if there is none.
    func enter() throws(StorageError) -> OpenFile {
        let path = root + "/lock"
        let lock: OpenFile
        if let known = try OpenFile.ifPresent(path, O_RDWR) {
            lock = known
        } else {
            for folder in [root, blobs, folders, incoming, setAside] {
                try FileTree.makeFolders(folder, mode: 0o700)
            }
            // Last, so that whoever finds the lock finds the folders too.
            lock = try OpenFile(path, O_RDWR | O_CREAT, to: "make the artifact store")
            try syncFolder(root)
            try syncFolder(FileTree.parent(of: root))
        }
        try lock.lock(.shared)
        return lock
    }

    /// The size of a whole blob; nil when it is not here.
    func size(ofBlob digest: ArtifactDigest) throws(StorageError) -> Int64? {
        guard let status = try FileStatus.ofLink(blob(digest)), status.kind == .file else { return nil }
        return status.size
    }

    func holds(_ blob: Blob) throws(StorageError) -> Bool { try size(ofBlob: blob.digest) == blob.size.bytes }

    /// Notes that somebody counts on the file from now on, for sweeps that spare what is young.
    func touch(_ path: String) { utimensat(AT_FDCWD, path, nil, 0) }

    /// Moves a damaged file out of the way, so that its digest counts as absent.
    func setAside(_ path: String, _ digest: ArtifactDigest) throws(StorageError) {
        guard rename(path, "\(setAside)/\(digest.hex)") == 0 || errno == ENOENT else {
            throw .system(action: "set aside the damaged", path: path, errno: errno)
        }
    }

    func syncFolder(_ path: String) throws(StorageError) {
        try OpenFile(path, O_RDONLY | O_DIRECTORY, to: "open").sync()
    }
}
