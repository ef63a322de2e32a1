import Glibc
public import SkyCore

/// This machine's files.
public struct LocalFileSystem: FileSystemView {
    /// Sizes of folders with more entries than this are not worth the wait, and count as unknown.
    private let entryLimit: Int

    public init(entryLimit: Int = 200_000) { self.entryLimit = entryLimit }

    public func kind(of path: String) -> FileKind? {
        status(path, followingLinks: true).map { isFolder($0) ? .folder : .file }
    }

    public func size(of path: String) -> DataSize? {
        guard let top = status(path, followingLinks: true) else { return nil }
        guard isFolder(top) else { return DataSize(bytes: Int64(top.st_size)) }
        var (total, entries, folders) = (DataSize.zero, 0, [path])
        while let folder = folders.popLast() {
            for name in names(in: folder) {
                entries += 1
                guard entries <= entryLimit else { return nil }
                let child = "\(folder)/\(name)"
                // Links are not followed into folders: they may lead round in a circle.
                guard let own = status(child, followingLinks: false) else { continue }
                if isFolder(own) { folders.append(child) } else { total = total + linkedSize(of: child, own) }
            }
        }
        return total
    }

    public var homeDirectory: String? { getenv("HOME").map { String(cString: $0) } }

    private func linkedSize(of path: String, _ own: stat) -> DataSize {
        guard own.st_mode & S_IFMT == S_IFLNK else { return DataSize(bytes: Int64(own.st_size)) }
        guard let target = status(path, followingLinks: true), !isFolder(target) else { return .zero }
        return DataSize(bytes: Int64(target.st_size))
    }

    private func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    private func status(_ path: String, followingLinks: Bool) -> stat? {
        var result = stat()
        let code = followingLinks ? stat(path, &result) : lstat(path, &result)
        return code == 0 ? result : nil
    }

    private func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The whole of a file, or the system's words for why not. Files above `limit` bytes are refused.
    func contents(of path: String, limit: Int) -> Result<[UInt8], ReadFailure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(.system(String(cString: strerror(errno)))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(.system(String(cString: strerror(errno)))) }
            if count == 0 { return .success(bytes) }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { return .failure(.tooLarge) }
        }
    }

    enum ReadFailure: Error {
        case system(String)
        case tooLarge
    }

    /// Absolute; `/` when even that cannot be found out.
    static var currentDirectory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}
