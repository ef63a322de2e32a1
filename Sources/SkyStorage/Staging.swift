import Glibc

/// A hidden folder beside a destination where its next contents are made, so that one rename puts them in place.
///
/// Its name follows from the destination's: one place per destination, held by one process at a time. What a killed
/// process left there is cleared away by the next.
struct Staging: ~Copyable {
    private let destination: String
    private let folder: OpenFile

    var newPath: String { folder.path + "/new" }
    private var oldPath: String { folder.path + "/old" }

    private init(destination: String, folder: consuming OpenFile) {
        self.destination = destination
        self.folder = folder
    }

    /// Waits until nobody else is at work on the same destination.
    static func open(for path: String, cancellation: CancellationFlag) throws(StorageError) -> Staging {
        var destination = path
        while destination.utf8.count > 1, destination.utf8.last == UInt8(ascii: "/") { destination.removeLast() }
        let name = destination.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? []
        guard !name.isEmpty, name != Array(".".utf8), name != Array("..".utf8), !name.contains(0) else {
            throw .unsuitable(path: path, reason: "not a place where a file or folder can be put")
        }
        let parent = FileTree.parent(of: destination)
        try FileTree.makeFolders(parent)
        let place = "\(parent)/.sky-\(ArtifactDigest(hashing: name).hex.prefix(16))"
        let staging = Staging(destination: destination, folder: try hold(place, cancellation: cancellation))
        try staging.clear()
        return staging
    }

    deinit {
        // Errors leave something hidden behind that the next one here clears away.
        try? FileTree.removeAll(newPath)
        if (try? FileStatus.ofLink(destination)) != nil { try? FileTree.removeAll(oldPath) }
        rmdir(folder.path)
    }

    private borrowing func clear() throws(StorageError) {
        // Killed between its two renames, a predecessor has left the destination's old contents here.
        if try FileStatus.ofLink(destination) == nil, try FileStatus.ofLink(oldPath) != nil {
            try FileTree.move(oldPath, to: destination)
        }
        try FileTree.removeAll(newPath)
        try FileTree.removeAll(oldPath)
    }

    /// Puts what was made at `newPath` in the destination's place.
    borrowing func replace() throws(StorageError) {
        if rename(newPath, destination) == 0 { return }
        // One rename cannot put a file in the place of a folder, nor anything in the place of a full folder.
        guard [EISDIR, ENOTDIR, ENOTEMPTY, EEXIST].contains(errno) else {
            throw .system(action: "move into place", path: destination, errno: errno)
        }
        try FileTree.move(destination, to: oldPath)
        do {
            try FileTree.move(newPath, to: destination)
        } catch {
            rename(oldPath, destination)
            throw error
        }
    }

    private static func hold(_ place: String, cancellation: CancellationFlag) throws(StorageError) -> OpenFile {
        while true {
            try FileTree.makeFolders(place, mode: 0o700)
            guard let folder = try OpenFile.ifPresent(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { continue }
            try folder.lockExclusively(cancellation: cancellation)
            if try folder.isStillAtPath() { return folder }
        }
    }
}
