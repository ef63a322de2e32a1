import Glibc

/// The few changes to folders that a store makes.
enum FileTree {
    /// Makes the folder and those above it, as far as they are missing.
    static func makeFolders(_ path: String, mode: mode_t = 0o777) throws(StorageError) {
        if mkdir(path, mode) == 0 { return }
        switch errno {
        case EEXIST:
            guard try FileStatus.ofTarget(path)?.kind == .folder else {
                throw .system(action: "make the folder", path: path, errno: ENOTDIR)
            }
        case ENOENT:
            let parent = parent(of: path)
            guard parent != path else { throw .system(action: "make the folder", path: path, errno: ENOENT) }
            try makeFolders(parent, mode: mode)
            // Somebody else may make it at the same moment.
            guard mkdir(path, mode) == 0 || errno == EEXIST else {
                throw .system(action: "make the folder", path: path, errno: errno)
            }
        case let code: throw .system(action: "make the folder", path: path, errno: code)
        }
    }

    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func move(_ from: String, to: String) throws(StorageError) {
        guard rename(from, to) == 0 else { throw .system(action: "move into place", path: to, errno: errno) }
    }

    /// Removes the file, if it is there.
    static func removeFile(_ path: String) throws(StorageError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(action: "remove", path: path, errno: errno) }
    }

    /// Removes the file, link or folder with everything in it, if it is there; whatever bytes its names are made of.
    static func removeAll(_ path: String) throws(StorageError) {
        let top = Array(path.utf8CString)
        if unlink(top) == 0 || errno == ENOENT { return }
        guard errno == EISDIR else { throw .system(action: "remove", path: path, errno: errno) }
        var folders = [top]
        var emptied: [[CChar]] = []
        while let folder = folders.popLast() {
            emptied.append(folder)
            // A job may have taken our right to write away from its own folder.
            chmod(folder, 0o700)
            for name in try rawNames(in: folder) {
                let child = folder.dropLast() + [CChar(bitPattern: UInt8(ascii: "/"))] + name
                if unlink(child) == 0 || errno == ENOENT { continue }
                guard errno == EISDIR else { throw .system(action: "remove", path: path, errno: errno) }
                folders.append(child)
            }
        }
        for folder in emptied.reversed() where rmdir(folder) != 0 && errno != ENOENT {
            throw .system(action: "remove", path: path, errno: errno)
        }
    }

    /// The names in a folder in no order, without `.` and `..`.
    /// - Throws: `.unsuitable` when a name is not UTF-8.
    static func names(in path: String) throws(StorageError) -> [String] {
        var names: [String] = []
        for name in try rawNames(in: Array(path.utf8CString)) {
            guard let text = String(validating: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
                throw .unsuitable(
                    path: path, reason: "holds a name that is not UTF-8, which not every store and system can keep")
            }
            names.append(text)
        }
        return names
    }

    /// Names as C strings, with their closing zero.
    private static func rawNames(in path: [CChar]) throws(StorageError) -> [[CChar]] {
        let shown = { String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        guard let folder = opendir(path) else { throw .system(action: "list", path: shown(), errno: errno) }
        defer { closedir(folder) }
        var names: [[CChar]] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                guard errno == 0 else { throw .system(action: "list", path: shown(), errno: errno) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            if name != [46, 0], name != [46, 46, 0] { names.append(name) }
        }
    }

    /// Where the link at `path` leads, as it is written.
    static func target(ofLink path: String) throws(StorageError) -> String {
        let capacity = Int(PATH_MAX)
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            let length = buffer.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink(path, $0, capacity) } ?? -1
            }
            count = max(0, length)
        }
        guard !bytes.isEmpty else { throw .system(action: "read the link", path: path, errno: errno) }
        guard let target = String(validating: bytes, as: UTF8.self) else {
            throw .unsuitable(path: path, reason: "a link whose target is not UTF-8")
        }
        return target
    }

    /// Whoever may read the file may execute it.
    static func letExecute(_ path: String) throws(StorageError) {
        var status = stat()
        guard stat(path, &status) == 0, chmod(path, status.st_mode & 0o777 | (status.st_mode & 0o444) >> 2) == 0 else {
            throw .system(action: "make executable", path: path, errno: errno)
        }
    }
}
