import Glibc

/// A stage's code as one folder artifact: the files of its working directory, and over them what is mounted.
public struct CodeSnapshot: Sendable {
    /// A file or folder of this machine, and where the stage finds it.
    public struct Mount: Hashable, Sendable {
        /// Relative to the folder that the stage starts in: `data/words.txt`.
        public let target: String
        public let source: String

        public init(target: String, source: String) {
            self.target = target
            self.source = source
        }
    }

    public let workdir: String?
    public let mounts: [Mount]

    public init(workdir: String?, mounts: [Mount] = []) {
        self.workdir = workdir
        self.mounts = mounts
    }

    /// Keeps it all as one folder. Left out are `.git`, and of each folder what the `.skyignore` at its top names, or where there is
    /// none, the `.gitignore` there and those further down.
    /// A mounted folder is merged into one that is there; a mounted file replaces a file. Later mounts win.
    ///
    /// - Throws: `.unsuitable` when a target is not a plain relative path, or a file stands where a folder must be.
    public func put(in store: LocalArtifactStore) async throws(StorageError) -> Artifact {
        try await offPool { [self, layout = store.layout] cancellation throws(StorageError) in
            let lock = try layout.enter()
            defer { lock.holdUntilHere() }
            var tree = OverlaidTree()
            if let workdir {
                guard try FileStatus.ofTarget(workdir)?.kind == .folder else {
                    throw .unsuitable(path: workdir, reason: "the working directory is not a folder")
                }
                for entry in try Self.scan(workdir, cancellation) { try tree.add(entry, from: workdir) }
            }
            for mount in mounts { try Self.add(mount, to: &tree, cancellation) }
            return try FolderIntake.keep(tree.entries, in: layout, cancellation: cancellation)
        }
    }

    private static func add(
        _ mount: Mount, to tree: inout OverlaidTree, _ cancellation: CancellationFlag
    ) throws(StorageError) {
        var parts = mount.target.split(separator: "/", omittingEmptySubsequences: true)
        parts.removeAll { $0 == "." }
        guard !mount.target.hasPrefix("/"), !mount.target.hasPrefix("~"), !parts.contains("..") else {
            throw .unsuitable(path: mount.target, reason: "a mount's place must be a path inside the working directory")
        }
        let target = parts.joined(separator: "/")
        guard let status = try FileStatus.ofTarget(mount.source) else {
            throw .system(action: "find", path: mount.source, errno: ENOENT)
        }
        for end in parts.indices.dropLast(status.kind == .folder ? 0 : 1) {
            try tree.add(
                FoundEntry(path: parts[...end].joined(separator: "/"), kind: .folder), from: mount.source)
        }
        switch status.kind {
        case .folder:
            let prefix = target.isEmpty ? "" : target + "/"
            for entry in try scan(mount.source, cancellation) {
                try tree.add(FoundEntry(path: prefix + entry.path, kind: entry.kind), from: mount.source)
            }
        case .file where !target.isEmpty:
            let kind = FoundEntry.Kind.file(at: mount.source, isExecutable: status.isExecutable)
            try tree.add(FoundEntry(path: target, kind: kind), from: mount.source)
        case .file: throw .unsuitable(path: mount.source, reason: "a file cannot take the working directory's place")
        case .link, .other: throw .unsuitable(path: mount.source, reason: "only files and folders can be mounted")
        }
    }

    private static func scan(_ root: String, _ cancellation: CancellationFlag) throws(StorageError) -> [FoundEntry] {
        var ignored = try IgnoreFiles(of: root)
        let found = try FolderScanner.scan(root, cancellation: cancellation) {
            (path, isFolder) throws(StorageError) in try ignored.ignore(path, isFolder: isFolder)
        }
        // Ordered, so that a folder is known before what it holds.
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}

/// Folders laid over one another.
private struct OverlaidTree {
    private var byPath: [[UInt8]: FoundEntry] = [:]

    var entries: [FoundEntry] { Array(byPath.values) }

    mutating func add(_ entry: FoundEntry, from source: String) throws(StorageError) {
        let path = Array(entry.path.utf8)
        if let known = byPath[path], known.isFolder != entry.isFolder {
            throw .unsuitable(
                path: source, reason: "'\(entry.path)' would be both a folder and something else in the stage")
        }
        byPath[path] = entry
    }
}

extension FoundEntry {
    fileprivate var isFolder: Bool {
        if case .folder = kind { return true }
        return false
    }
}
