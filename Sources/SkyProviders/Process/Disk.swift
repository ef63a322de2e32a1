import Glibc

/// The few things done to files here, with errors that name the path.
enum Disk {
    /// Nil when there is no such file.
    static func read(_ path: String) throws(SystemFailure) -> [UInt8]? {
        let file = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemFailure("read \(path)")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        while true {
            var count = 0
            var chunk = [UInt8](repeating: 0, count: 16_384)
            count = chunk.withUnsafeMutableBytes { buffer in
                retryingInterrupts { Glibc.read(file, buffer.baseAddress, buffer.count) }
            }
            guard count >= 0 else { throw SystemFailure("read \(path)") }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
        }
    }

    /// Readers see the old file or the new one, whole. Not synced: what a record here speaks of are processes, and
    /// they do not outlive the kernel either.
    static func replace(_ path: String, with bytes: [UInt8]) throws(SystemFailure) {
        let temporary = temporaryName(beside: path)
        let file = retryingInterrupts { open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard file >= 0 else { throw SystemFailure("write \(path)") }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { buffer in
                retryingInterrupts { write(file, buffer.baseAddress, buffer.count) }
            }
            guard count >= 0 else {
                let failure = SystemFailure("write \(path)")
                close(file)
                unlink(temporary)
                throw failure
            }
            rest = rest.dropFirst(count)
        }
        close(file)
        guard rename(temporary, path) == 0 else {
            let failure = SystemFailure("write \(path)")
            unlink(temporary)
            throw failure
        }
    }

    /// A name in the same folder that nobody uses, hidden.
    static func temporaryName(beside path: String) -> String {
        let (folder, name) = split(path)
        return "\(folder)/.\(name).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    /// The folder and the last part. `/a/b` is `/a` and `b`, and `/a` is the empty text and `a`.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }

    /// Makes the folder and those above it; fine if it is there.
    static func makeFolder(_ path: String) throws(SystemFailure) {
        if mkdir(path, 0o700) == 0 || (errno == EEXIST && isFolder(path)) { return }
        guard errno == ENOENT, path.count > 1 else { throw SystemFailure("make the folder \(path)") }
        let parent = split(path).folder
        if !parent.isEmpty { try makeFolder(parent) }
        guard mkdir(path, 0o700) == 0 || (errno == EEXIST && isFolder(path)) else {
            throw SystemFailure("make the folder \(path)")
        }
    }

    /// The names in a folder, sorted, without `.` and `..`; none when it is not there.
    static func names(in path: String) throws(SystemFailure) -> [String] {
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw SystemFailure("list \(path)")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = Glibc.readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, or a folder with all in it; links are removed, never followed. Fine if it is not there.
    static func remove(_ path: String) throws(SystemFailure) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        guard errno == EISDIR || errno == EPERM else { throw SystemFailure("remove \(path)") }
        if rmdir(path) == 0 || errno == ENOENT { return }
        if errno == EACCES || errno == EPERM { throw SystemFailure("remove \(path)") }
        // A job may have left folders that not even their owner may write to.
        chmod(path, 0o700)
        for name in try names(in: path) { try remove("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemFailure("remove \(path)") }
    }

    static func isFolder(_ path: String) -> Bool { kind(path) == S_IFDIR }

    /// The file's type bits, without following a last link; nil when there is no such thing.
    static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// The path with every link followed; nil when it is not there.
    static func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }
}
