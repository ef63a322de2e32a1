/// Something found in a folder that is to become an artifact.
struct FoundEntry {
    enum Kind {
        case folder
        case file(at: String, isExecutable: Bool)
        case link(target: String)
    }

    /// Relative to the folder.
    let path: String
    let kind: Kind
}

/// Walks a folder that is to become an artifact.
enum FolderScanner {
    /// Everything below `root`, in no order, without what `isSkipped` names; a skipped folder is not entered.
    /// - Throws: `.unsuitable` for sockets, devices, names that are not UTF-8, and links that leave the folder.
    static func scan(
        _ root: String, cancellation: CancellationFlag,
        isSkipped: (_ path: String, _ isFolder: Bool) throws(StorageError) -> Bool = { _, _ in false }
    ) throws(StorageError) -> [FoundEntry] {
        var found: [FoundEntry] = []
        var folders = [""]
        while let folder = folders.popLast() {
            try cancellation.check()
            let prefix = folder.isEmpty ? "" : folder + "/"
            for name in try FileTree.names(in: folder.isEmpty ? root : root + "/" + folder) {
                let path = prefix + name
                // A file that vanished between being listed and being looked at was never part of the folder.
                guard let status = try FileStatus.ofLink(root + "/" + path) else { continue }
                guard try !isSkipped(path, status.kind == .folder) else { continue }
                found.append(FoundEntry(path: path, kind: try kind(of: status, at: path, in: root)))
                if status.kind == .folder { folders.append(path) }
            }
        }
        return found
    }

    private static func kind(
        of status: FileStatus, at path: String, in root: String
    ) throws(StorageError) -> FoundEntry.Kind {
        let place = root + "/" + path
        switch status.kind {
        case .folder: return .folder
        case .file: return .file(at: place, isExecutable: status.isExecutable)
        case .link:
            let target = try FileTree.target(ofLink: place)
            guard ManifestRules.staysInside(link: path, target: target) else {
                throw .unsuitable(
                    path: place,
                    reason: "a link to '\(target)', outside the folder, would mean something else on another machine; "
                        + "put a copy there instead of the link, or leave it out")
            }
            return .link(target: target)
        case .other:
            throw .unsuitable(path: place, reason: "only files, folders and links can be kept, not sockets or devices")
        }
    }
}
