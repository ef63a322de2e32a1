import Glibc
import SkyCore

/// An open file or folder; closed, and its lock given up, when it goes out of scope.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    let path: String

    init(_ path: String, _ flags: Int32, mode: mode_t = 0o600, to action: String) throws(StorageError) {
        var descriptor: Int32
        repeat { descriptor = open(path, flags | O_CLOEXEC, mode) } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else { throw .system(action: action, path: path, errno: errno) }
        self.descriptor = descriptor
        self.path = path
    }

    /// Nil when there is nothing at `path`.
    static func ifPresent(_ path: String, _ flags: Int32) throws(StorageError) -> OpenFile? {
        do {
            return try OpenFile(path, flags, to: "open")
        } catch .system(_, _, ENOENT) {
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Fills `buffer` as far as the file goes from where it stands; fewer bytes than asked for mean its end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        var count = 0
        while count < buffer.count {
            let got = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw .system(action: "read", path: path, errno: errno)
            }
            count += got
        }
        return count
    }

    /// The next `count` bytes; fewer at the end of the file.
    func read(upTo count: Int) throws(StorageError) -> [UInt8] {
        var outcome = Result<Int, StorageError>.success(0)
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            outcome = Result { () throws(StorageError) in try read(into: UnsafeMutableRawBufferPointer(buffer)) }
            filled = (try? outcome.get()) ?? 0
        }
        _ = try outcome.get()
        return bytes
    }

    /// For files that are known to be small.
    func readAll() throws(StorageError) -> [UInt8] { try read(upTo: Int(clamping: try status().size)) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        var count = 0
        while count < bytes.count {
            let put = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: count), bytes.count - count)
            if put < 0 {
                if errno == EINTR { continue }
                throw .system(action: "write", path: path, errno: errno)
            }
            count += put
        }
    }

    /// Writes it, or leaves a hole where it is all zeros: then `truncate` has to give the file its size in the end.
    func writeAroundHoles(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        guard bytes.isWorthAHole else { return try write(bytes) }
        guard lseek(descriptor, off_t(bytes.count), SEEK_CUR) >= 0 else {
            throw .system(action: "write", path: path, errno: errno)
        }
    }

    func write(_ bytes: [UInt8]) throws(StorageError) {
        let outcome = bytes.withUnsafeBytes { raw in Result { () throws(StorageError) in try write(raw) } }
        try outcome.get()
    }

    func writeAroundHoles(_ bytes: [UInt8]) throws(StorageError) {
        let outcome = bytes.withUnsafeBytes { raw in Result { () throws(StorageError) in try writeAroundHoles(raw) } }
        try outcome.get()
    }

    /// Moves to byte `offset`.
    func seek(to offset: Int64) throws(StorageError) {
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
            throw .system(action: "read", path: path, errno: errno)
        }
    }

    func truncate(to size: Int64) throws(StorageError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            throw .system(action: "truncate", path: path, errno: errno)
        }
    }

    /// Returns when contents and name survive a power failure; of a folder, its list of names.
    func sync() throws(StorageError) {
        guard fsync(descriptor) == 0 else { throw .system(action: "sync", path: path, errno: errno) }
    }

    /// Lets the kernel begin writing to the disk what was just written, so that `sync` has less to wait for.
    func startWriting(from offset: Int64, count: Int64) {
        // Named for dropping clean pages; for dirty ones Linux starts their way to the disk and keeps them.
        _ = posix_fadvise(descriptor, off_t(offset), off_t(count), POSIX_FADV_DONTNEED)
    }

    func status() throws(StorageError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(action: "examine", path: path, errno: errno) }
        return FileStatus(status)
    }

    /// Waits for the lock, which is given up on close or when the process dies.
    func lock(_ kind: LockKind) throws(StorageError) {
        while flock(descriptor, kind.rawValue) != 0 {
            guard errno == EINTR else { throw .system(action: "lock", path: path, errno: errno) }
        }
    }

    /// False when somebody else holds the lock.
    func tryLock(_ kind: LockKind) throws(StorageError) -> Bool {
        while flock(descriptor, kind.rawValue | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw .system(action: "lock", path: path, errno: errno) }
        }
        return true
    }

    /// Waits for the lock as long as somebody waits for us.
    func lockExclusively(cancellation: CancellationFlag) throws(StorageError) {
        while try !tryLock(.exclusive) {
            try cancellation.check()
            usleep(5_000)
        }
    }

    /// Says where a lock may end: a value that is not used any more need not live on.
    func holdUntilHere() {}

    /// Whether `path` still leads to this very file: it may have been renamed or removed while we waited for a lock.
    func isStillAtPath() throws(StorageError) -> Bool {
        guard let there = try FileStatus.ofLink(path) else { return false }
        return try there.isSameFile(as: status())
    }
}

enum LockKind {
    case shared, exclusive

    var rawValue: Int32 { self == .shared ? LOCK_SH : LOCK_EX }
}

/// What the file system says about a path.
struct FileStatus {
    enum Kind { case file, folder, link, other }

    let kind: Kind
    let size: Int64
    let isExecutable: Bool
    let modified: Instant
    /// The same for as long as nobody writes to the file or puts another in its place.
    let stamp: String
    private let device: UInt64
    private let inode: UInt64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        size = Int64(status.st_size)
        isExecutable = status.st_mode & S_IXUSR != 0
        let (seconds, fraction) = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
        modified = Instant(millisecondsSince1970: seconds * 1000 + fraction / 1_000_000)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        stamp = "\(device)-\(inode)-\(size)-\(seconds).\(fraction)"
    }

    /// Of what is at `path`, without following a link; nil when there is nothing.
    static func ofLink(_ path: String) throws(StorageError) -> FileStatus? {
        var status = stat()
        if lstat(path, &status) == 0 { return FileStatus(status) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .system(action: "examine", path: path, errno: errno)
    }

    /// Of what `path` leads to; nil when there is nothing.
    static func ofTarget(_ path: String) throws(StorageError) -> FileStatus? {
        var status = stat()
        if stat(path, &status) == 0 { return FileStatus(status) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .system(action: "examine", path: path, errno: errno)
    }

    func isSameFile(as other: FileStatus) -> Bool { (device, inode) == (other.device, other.inode) }
}
