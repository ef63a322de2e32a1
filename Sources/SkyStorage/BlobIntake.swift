import Glibc
import SkyCore

/// Takes files into a store's blobs. Nothing counts as kept before `settle()` returns: until then new blobs wait under
/// other names, so that many small files cost one sync of their folder and not one each.
struct BlobIntake: ~Copyable {
    private let layout: StoreLayout
    private let cancellation: CancellationFlag
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 4096)
    /// Contents that are new here, and where they wait.
    private var waiting: [ArtifactDigest: String] = [:]
    /// Of the large blobs that the store holds; looked up when the first large file comes.
    private var largeSizes: Set<Int64>?

    static let bufferSize = 1 << 20
    /// From here on, writing a copy only to find that it is known costs more than looking through the store's sizes.
    private static let largeSize: Int64 = 64 << 20

    init(_ layout: StoreLayout, cancellation: CancellationFlag) {
        self.layout = layout
        self.cancellation = cancellation
    }

    deinit {
        // What never settled is of no use to anybody.
        for path in waiting.values { unlink(path) }
        buffer.deallocate()
    }

    /// Reads the file once, from its start to its end.
    mutating func take(fileAt path: String) throws(StorageError) -> Blob {
        let source = try OpenFile(path, O_RDONLY | O_NONBLOCK, to: "read")
        let status = try source.status()
        guard status.kind == .file else {
            throw .unsuitable(path: path, reason: "became something else than a file while it was read")
        }
        if status.size >= Self.largeSize, try isSizeKnown(status.size) {
            let blob = try hashOnly(source)
            if try !isNew(blob) { return blob }
            try source.seek(to: 0)
        }
        let count = try source.read(into: buffer)
        if count < buffer.count { return try takeSmall(count) }
        return try takeLarge(source)
    }

    /// Makes everything taken part of the store, durably.
    mutating func settle() throws(StorageError) {
        guard !waiting.isEmpty else { return }
        // All contents have been handed to the kernel by now, so most of these find their work done.
        for path in waiting.values { try OpenFile(path, O_RDONLY, to: "sync").sync() }
        for (digest, path) in waiting {
            try FileTree.move(path, to: layout.blob(digest))
            waiting[digest] = nil
        }
        try layout.syncFolder(layout.blobs)
    }

    /// The whole file is in the buffer: what is already known need not be written at all.
    private mutating func takeSmall(_ count: Int) throws(StorageError) -> Blob {
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        let blob = Blob(digest: hasher.finalize(), size: DataSize(bytes: Int64(count)))
        guard try isNew(blob) else { return blob }
        let path = layout.freshIncoming()
        let copy = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o400, to: "write")
        waiting[blob.digest] = path
        try copy.write(bytes)
        return blob
    }

    /// The buffer holds the file's beginning; the rest follows through it.
    private mutating func takeLarge(_ source: borrowing OpenFile) throws(StorageError) -> Blob {
        let path = layout.freshIncoming()
        let copy = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o400, to: "write")
        var isKept = false
        defer { if !isKept { unlink(path) } }
        var hasher = SHA256Hasher()
        var size: Int64 = 0
        var count = buffer.count
        while count > 0 {
            try cancellation.check()
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bytes)
            try copy.writeAroundHoles(bytes)
            copy.startWriting(from: size, count: Int64(count))
            size += Int64(count)
            count = try source.read(into: buffer)
        }
        try copy.truncate(to: size)
        let blob = Blob(digest: hasher.finalize(), size: DataSize(bytes: size))
        guard try isNew(blob) else { return blob }
        waiting[blob.digest] = path
        isKept = true
        return blob
    }

    private func hashOnly(_ source: borrowing OpenFile) throws(StorageError) -> Blob {
        var hasher = SHA256Hasher()
        var size: Int64 = 0
        while true {
            try cancellation.check()
            let count = try source.read(into: buffer)
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += Int64(count)
            if count < buffer.count { return Blob(digest: hasher.finalize(), size: DataSize(bytes: size)) }
        }
    }

    /// Whether the store holds a blob of just this size: then it is probably this one.
    private mutating func isSizeKnown(_ size: Int64) throws(StorageError) -> Bool {
        if let largeSizes { return largeSizes.contains(size) }
        var sizes: Set<Int64> = []
        for name in try FileTree.names(in: layout.blobs) {
            if let size = try FileStatus.ofLink("\(layout.blobs)/\(name)")?.size, size >= Self.largeSize {
                sizes.insert(size)
            }
        }
        largeSizes = sizes
        return sizes.contains(size)
    }

    private func isNew(_ blob: Blob) throws(StorageError) -> Bool {
        guard waiting[blob.digest] == nil else { return false }
        guard try layout.holds(blob) else { return true }
        layout.touch(layout.blob(blob.digest))
        return false
    }
}
