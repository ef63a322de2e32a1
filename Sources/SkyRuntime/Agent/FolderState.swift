import Glibc
import SkyProcess

/// All that is in a folder, as far as a look without reading tells: two states are the same unless something was written,
/// made, removed or renamed between them.
struct FolderState: Hashable {
    private struct Entry: Hashable {
        var file: UInt
        var size: Int
        var changedSeconds: Int
        var changedNanoseconds: Int
    }

    private var entries: [String: Entry] = [:]

    init(of path: String) { look(at: path) }

    private mutating func look(at path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        entries[path] = Entry(
            file: UInt(status.st_ino), size: Int(status.st_size), changedSeconds: status.st_ctim.tv_sec,
            changedNanoseconds: status.st_ctim.tv_nsec)
        guard status.st_mode & S_IFMT == S_IFDIR else { return }
        for name in Files.names(in: path) { look(at: "\(path)/\(name)") }
    }
}
