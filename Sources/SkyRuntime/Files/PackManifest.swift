import Glibc
import SkyProcess

/// What a pack is about to bring: a file, or a folder with all in it, in the order in which it is made.
struct PackManifest: Hashable {
    struct Entry: Hashable {
        enum Kind: UInt8, Hashable { case folder, file, link }

        /// Relative to the whole; empty for the whole itself.
        var path: String
        var kind: Kind
        /// Permission bits.
        var mode: UInt32
        /// Of a file, in bytes.
        var size: Int64
        /// Of a file: a file that was changed is another file.
        var changed: Int64
        /// Of a file: as long as it is the same, nobody has changed the file; 0 for nobody knows.
        var stamp: UInt64 = 0
        /// Of a link.
        var target: String
    }

    var entries: [Entry]

    /// Reads the names and sizes of what is at `path`. Links are kept as they are; sockets, pipes and devices are no
    /// content. A link at `path` itself is followed.
    init(of path: String) throws(SystemError) {
        entries = []
        var status = stat()
        guard stat(path, &status) == 0 else { throw .last("read \(path)") }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        try add(path, as: "", status, now: now)
    }

    private mutating func add(_ place: String, as path: String, _ status: stat, now: timespec) throws(SystemError) {
        var entry = Entry(
            path: path, kind: .file, mode: UInt32(status.st_mode & 0o777), size: 0, changed: 0, target: "")
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            entry.size = Int64(status.st_size)
            entry.changed = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
            entry.stamp = FileStamp.ifSettled(status, now: now)
            entries.append(entry)
        case S_IFLNK:
            var text = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(place, &text, text.count)
            guard count >= 0 else { throw .last("read \(place)") }
            entry.kind = .link
            entry.target = String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
            entries.append(entry)
        case S_IFDIR:
            entry.kind = .folder
            entries.append(entry)
            for name in Files.names(in: place) {
                var child = stat()
                guard lstat("\(place)/\(name)", &child) == 0 else {
                    // Gone since the folder was listed: temporary files come and go under a running job.
                    if errno == ENOENT { continue }
                    throw .last("read \(place)/\(name)")
                }
                try add("\(place)/\(name)", as: path.isEmpty ? name : "\(path)/\(name)", child, now: now)
            }
        default: break
        }
    }

    /// What is wrong with a manifest that somebody else made; nil if it can be built without leaving its place.
    var problem: String? {
        var folders: Set<String> = []
        var seen: Set<String> = []
        for (index, entry) in entries.enumerated() {
            guard seen.insert(entry.path).inserted else { return "'\(entry.path)' comes twice" }
            guard entry.size >= 0, entry.mode <= 0o777 else { return "'\(entry.path)' has no such size or mode" }
            if index == 0 {
                guard entry.path.isEmpty, entry.kind != .link else { return "it does not begin with its whole" }
            } else {
                let parts = entry.path.split(separator: "/", omittingEmptySubsequences: false)
                guard !parts.contains(where: { ["", ".", ".."].contains($0) }), !entry.path.utf8.contains(0) else {
                    return "'\(entry.path)' is no path inside it"
                }
                guard folders.contains(parts.dropLast().joined(separator: "/")) else {
                    return "'\(entry.path)' comes before its folder"
                }
            }
            if entry.kind == .folder { folders.insert(entry.path) }
        }
        return entries.isEmpty ? "there is nothing in it" : nil
    }
}
