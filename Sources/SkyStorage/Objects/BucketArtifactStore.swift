import Glibc
import SkyCore
import Synchronization

/// Artifacts in a bucket, or below a beginning of its keys, found by what they contain: `blobs/<hex>` and `folders/<hex>`.
///
/// Any number of machines may use it at once. Nothing is ever written over: who comes second finds that what it has is there. A
/// manifest is put after all of its blobs, so that what a killed process leaves is either whole or not found.
public struct BucketArtifactStore: ArtifactStore {
    let store: any ObjectStore
    let root: ObjectURL
    /// On this machine: blobs on their way in, and what has to be known to go on with uploads.
    let scratch: StoreLayout
    let width: Int
    /// Nil for a bucket that is there.
    private let onDemand: BucketOnDemand?

    /// Calls about small objects that are under way at once.
    static let crowd = 32

    /// - Parameters:
    ///   - root: the bucket and what keys begin with; a `/` is put behind that.
    ///   - onDemand: makes the bucket when the first artifact is to be kept; without, it must be there.
    ///   - scratch: a folder of this machine, made when needed. Processes may share it.
    ///   - width: parts of one blob that are sent or fetched at once.
    public init(
        _ store: any ObjectStore, root: ObjectURL, scratch: String, width: Int = usualTransferWidth,
        onDemand: BucketOnDemand? = nil
    ) {
        self.store = store
        self.root = root.asFolder
        self.scratch = StoreLayout(root: scratch)
        self.width = width
        self.onDemand = onDemand
    }

    /// Called before anything is written.
    func prepare() async throws(StorageError) { try await onDemand?.make(in: store) }

    /// As `LocalArtifactStore.put`: returns when the artifact is in the bucket.
    public func put(path: String) async throws(StorageError) -> Artifact {
        try await prepare()
        switch try FileStatus.ofTarget(path)?.kind {
        case .file: return ArtifactContents.file(try await take(path)).artifact
        case .folder: return try await putFolder(path)
        case .link, .other: throw .unsuitable(path: path, reason: "only files and folders can be artifacts")
        case nil: throw .system(action: "find", path: path, errno: ENOENT)
        }
    }

    public func artifact(_ digest: ArtifactDigest) async throws(StorageError) -> Artifact? {
        guard let contents = try await contents(of: digest) else { return nil }
        return try await missing(among: contents.blobs).isEmpty ? contents.artifact : nil
    }

    public func materialize(_ digest: ArtifactDigest, at path: String) async throws(StorageError) {
        guard let contents = try await contents(of: digest) else { throw .missing(digest) }
        let staging = try await offPool { cancellation throws(StorageError) in
            HeldStaging(try Staging.open(for: path, cancellation: cancellation))
        }
        switch contents {
        case .file(let blob): try await fetch(blob, to: staging.newPath)
        case .folder(let manifest): try await build(manifest, at: staging.newPath)
        }
        try await offPool { _ throws(StorageError) in try staging.replace() }
    }

    func url(ofBlob digest: ArtifactDigest) -> ObjectURL {
        root.with(key: "\(root.key)blobs/\(digest.hex)")
    }

    func url(ofFolder digest: ArtifactDigest) -> ObjectURL {
        root.with(key: "\(root.key)folders/\(digest.hex)")
    }

    // MARK: Folders

    private func putFolder(_ path: String) async throws(StorageError) -> Artifact {
        let found = try await offPool { cancellation throws(StorageError) in
            try FolderScanner.scan(path, cancellation: cancellation)
        }
        let entries = Collected<FolderManifest.Entry>()
        try await concurrently(found, width: Self.crowd) { entry async throws(StorageError) in
            let kind: FolderManifest.Kind =
                switch entry.kind {
                case .folder: .folder
                case .link(let target): .link(target: target)
                case .file(let path, let isExecutable): .file(try await take(path), isExecutable: isExecutable)
                }
            entries.add(FolderManifest.Entry(path: entry.path, kind: kind))
        }
        let manifest = try FolderManifest(entries.all)
        try await keep(manifest)
        return ArtifactContents.folder(manifest).artifact
    }

    private func build(_ manifest: FolderManifest, at path: String) async throws(StorageError) {
        try await offPool { _ throws(StorageError) in
            try FileTree.makeFolders(path)
            for entry in manifest.entries {
                let place = "\(path)/\(entry.path)"
                switch entry.kind {
                case .folder: try FileTree.makeFolders(place)
                case .link(let target):
                    guard symlink(target, place) == 0 else {
                        throw .system(action: "make the link", path: place, errno: errno)
                    }
                case .file: break
                }
            }
        }
        try await concurrently(manifest.entries, width: Self.crowd) { entry async throws(StorageError) in
            guard case .file(let blob, let isExecutable) = entry.kind else { return }
            let place = "\(path)/\(entry.path)"
            try await fetch(blob, to: place)
            if isExecutable { try await offPool { _ throws(StorageError) in try FileTree.letExecute(place) } }
        }
    }

    func keep(_ manifest: FolderManifest) async throws(StorageError) {
        try await prepare()
        try await store.put(
            manifest.bytes, digest: manifest.digest, at: url(ofFolder: manifest.digest), existing: .keep)
    }

    // MARK: Blobs

    /// Brings a file of this machine into the bucket, unless its contents are there.
    private func take(_ path: String) async throws(StorageError) -> Blob {
        try await upload(path).run().blob
    }

    func upload(_ path: String) -> ObjectUpload {
        ObjectUpload(
            store, from: path, under: root, to: { url(ofBlob: $0) }, existing: .keep,
            state: "\(scratch.root)/uploads", width: width)
    }

    /// Lays the blob out at `path`, verified.
    @discardableResult
    func fetch(
        _ blob: Blob, to path: String, progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws(StorageError) -> ObjectDownload.Report {
        let url = url(ofBlob: blob.digest)
        let object = StoredObject(key: url.key, size: blob.size, etag: "", modified: nil, digest: blob.digest)
        let download = ObjectDownload(store, from: url, to: path, known: object, expected: blob.digest, width: width)
        do { return try await download.run(progress: progress) } catch .corrupt(blob.digest) {
            throw try await damaged(blob)
        }
    }

    /// Takes a damaged blob away, so that its digest counts as absent.
    func damaged(_ blob: Blob) async throws(StorageError) -> StorageError {
        try await store.delete(url(ofBlob: blob.digest))
        return .corrupt(blob.digest)
    }
}

/// What tasks side by side have made, in no order.
final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func add(_ element: Element) { elements.withLock { $0.append(element) } }

    var all: [Element] { elements.withLock { $0 } }
}

/// A staging folder across calls that wait.
private final class HeldStaging: Sendable {
    let newPath: String
    private let staging: Mutex<Staging>

    init(_ staging: consuming sending Staging) {
        newPath = staging.newPath
        self.staging = Mutex(staging)
    }

    func replace() throws(StorageError) {
        try staging.withLock { staging throws(StorageError) in try staging.replace() }
    }
}
