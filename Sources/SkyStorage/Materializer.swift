import Glibc
import SkyCore

/// Turns what a store holds back into files, and hashes every byte on its way.
struct Materializer: ~Copyable {
    private let layout: StoreLayout
    private let cancellation: CancellationFlag
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: BlobIntake.bufferSize, alignment: 4096)

    init(_ layout: StoreLayout, cancellation: CancellationFlag) {
        self.layout = layout
        self.cancellation = cancellation
    }

    deinit { buffer.deallocate() }

    /// `path` must not exist.
    func build(_ digest: ArtifactDigest, at path: String) throws(StorageError) {
        switch try layout.contents(of: digest) {
        case .file(let blob): try copy(blob, to: path, mode: 0o666)
        case .folder(let manifest): try build(manifest, at: path)
        case nil: throw .missing(digest)
        }
    }

    /// Hashes the blob without keeping a copy.
    func verify(_ blob: Blob) throws(StorageError) {
        try stream(blob) { _ throws(StorageError) in }
    }

    private func build(_ manifest: FolderManifest, at path: String) throws(StorageError) {
        try FileTree.makeFolders(path)
        for entry in manifest.entries {
            let place = path + "/" + entry.path
            switch entry.kind {
            case .folder: try FileTree.makeFolders(place)
            case .file(let blob, let isExecutable): try copy(blob, to: place, mode: isExecutable ? 0o777 : 0o666)
            case .link(let target):
                guard symlink(target, place) == 0 else {
                    throw .system(action: "make the link", path: place, errno: errno)
                }
            }
        }
    }

    private func copy(_ blob: Blob, to path: String, mode: mode_t) throws(StorageError) {
        let file = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode, to: "write")
        try stream(blob) { bytes throws(StorageError) in try file.writeAroundHoles(bytes) }
        if blob.size.bytes >= UnsafeRawBufferPointer.leastHole { try file.truncate(to: blob.size.bytes) }
    }

    /// - Throws: `.corrupt` after the last byte, once the blob is set aside, if they were not what was put.
    private func stream(
        _ blob: Blob, into sink: (UnsafeRawBufferPointer) throws(StorageError) -> Void
    ) throws(StorageError) {
        guard let source = try OpenFile.ifPresent(layout.blob(blob.digest), O_RDONLY) else {
            throw .missing(blob.digest)
        }
        var hasher = SHA256Hasher()
        while true {
            try cancellation.check()
            let count = try source.read(into: buffer)
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bytes)
            try sink(bytes)
            if count < buffer.count { break }
        }
        guard hasher.finalize() == blob.digest else {
            try layout.setAside(source.path, blob.digest)
            throw .corrupt(blob.digest)
        }
    }
}
