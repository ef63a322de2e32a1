import CShims
import Glibc

/// Small files: read whole, replaced whole.
public enum Files {
    /// The bytes of a file, at most `limit` of them; nil when there is no such file.
    public static func read(_ path: String, limit: Int = 1 << 26) throws(SystemError) -> [UInt8]? {
        let descriptor: Int32
        do { descriptor = try Descriptor.open(path, O_RDONLY) } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
        defer { close(descriptor) }
        return try Descriptor.readAll(descriptor, limit: limit)
    }

    public enum Durability: Sendable {
        /// Survives the death of every process, not of the machine.
        case processes
        /// On the disk when the call returns: file, name and folder.
        case machine
    }

    /// Replaces the file at `path` in one step: whoever reads it sees the old bytes or the new ones, never a mixture.
    public static func replace(
        _ path: String, with bytes: some Sequence<UInt8>, mode: UInt32 = 0o600, durability: Durability
    ) throws(SystemError) {
        let temporary = "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max)).new"
        let descriptor = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        do throws(SystemError) {
            defer { close(descriptor) }
            try write(bytes, to: descriptor, path)
            if durability == .machine, fsync(descriptor) != 0 { throw SystemError.last("write \(path)") }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let failure = SystemError.last("write \(path)")
            unlink(temporary)
            throw failure
        }
        if durability == .machine { try flushFolder(parent(of: path)) }
    }

    /// Writes a file in which nobody reads yet: one that dies over it leaves a part of it. What it has of the disk it keeps.
    public static func put(_ path: String, _ bytes: some Sequence<UInt8>, mode: UInt32 = 0o600) throws(SystemError) {
        let descriptor = try Descriptor.open(path, O_WRONLY | O_CREAT, mode: mode)
        defer { close(descriptor) }
        try write(bytes, to: descriptor, path)
        let end = lseek(descriptor, 0, SEEK_CUR)
        guard end >= 0, ftruncate(descriptor, end) == 0 else { throw .last("write \(path)") }
    }

    /// Writes a small file that was not there before; its bytes are on the disk when the call returns. Whoever reads
    /// it meanwhile may see a part of it.
    ///
    /// One flush: with a new file, the file systems of Linux write down its name too. `replace` needs two, and each
    /// costs as much as starting a process.
    public static func writeNew(_ path: String, with bytes: some Sequence<UInt8>) throws(SystemError) {
        let descriptor = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        try write(bytes, to: descriptor, path)
        guard fsync(descriptor) == 0 else { throw .last("write \(path)") }
    }

    /// Writes over the bytes of a small file that is there, in the room that it has: works on a full disk, where
    /// `replace` finds none. Whoever reads it meanwhile, or after the machine's power went, may find a mixture. On the
    /// disk when the call returns.
    public static func overwrite(_ path: String, with bytes: some Collection<UInt8>) throws(SystemError) {
        let descriptor = try Descriptor.open(path, O_WRONLY)
        defer { close(descriptor) }
        try write(bytes, to: descriptor, path)
        guard ftruncate(descriptor, off_t(bytes.count)) == 0, fsync(descriptor) == 0 else {
            throw .last("write \(path)")
        }
    }

    private static func write(
        _ bytes: some Sequence<UInt8>, to descriptor: Int32, _ path: String
    ) throws(SystemError) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) }
            if count < 0, errno != EINTR { throw .last("write \(path)") }
        }
    }

    /// Puts the names in a folder on the disk.
    public static func flushFolder(_ path: String) throws(SystemError) {
        let descriptor = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last("write \(path)") }
    }

    /// Makes the folder and those above it; one that is there already is left as it is.
    public static func makeFolder(_ path: String, mode: UInt32 = 0o777) throws(SystemError) {
        if mkdir(path, mode) == 0 { return }
        if errno == ENOENT {
            let above = parent(of: path)
            guard above != path else { throw .last("make the folder \(path)") }
            try makeFolder(above, mode: mode)
            if mkdir(path, mode) == 0 { return }
        }
        let failure = SystemError.last("make the folder \(path)")
        guard failure.code == EEXIST, isFolder(path) else { throw failure }
    }

    /// The same for one whose subfolders come and go with many files in them. The file system is asked to spread them over the
    /// disk, as those of users who have nothing to do with each other: else it looks for a new file's place among all those
    /// just removed. Only ext2 to ext4 know of it; elsewhere, and for a folder that is there already, nothing is asked.
    public static func makeSpreadingFolder(_ path: String, mode: UInt32 = 0o777) throws(SystemError) {
        guard !isFolder(path) else { return }
        try makeFolder(path, mode: mode)
        _ = sky_spread_subfolders(path)
    }

    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The names in a folder except `.` and `..`, sorted; none when there is no such folder.
    public static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The same place without links, `.` and `..`; nil when it does not exist.
    public static func absolutePath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        let above = path[..<slash]
        return above.isEmpty ? "/" : String(above)
    }
}
