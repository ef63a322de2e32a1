import Glibc

/// A stage's code as one folder artifact: the files of its working directory, and over them what is mounted.
public struct CodeSnapshot: Sendable {
    /// A file or folder of this machine, and where the stage finds it.
    public struct Mount: Hashable, Sendable {
        /// Relative to the folder that the stage starts in: `data/words.txt`.
        public let target: String
        public let source: String
        /// What is at the source, if that is elsewhere: an artifact that the store has.
        public let artifact: ArtifactDigest?

        public init(target: String, source: String, artifact: ArtifactDigest? = nil) {
            self.target = target
            self.source = source
            self.artifact = artifact
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
            for mount in mounts {
                let mounted = try Self.mounted(mount, layout, cancellation)
                try Self.add(mounted, of: mount, to: &tree)
            }
            return try FolderIntake.keep(tree.entries, in: layout, cancellation: cancellation)
        }
    }

    /// What is mounted: one file, or all that is in a folder, each before what it holds.
    private enum Mounted {
        case file(FoundEntry.Kind)
        case folder([FoundEntry])

        var isFolder: Bool {
            if case .folder = self { return true }
            return false
        }
    }

    private static func mounted(
        _ mount: Mount, _ layout: StoreLayout, _ cancellation: CancellationFlag
    ) throws(StorageError) -> Mounted {
        if let digest = mount.artifact {
            guard let contents = try layout.contents(of: digest) else { throw .missing(digest) }
            switch contents {
            case .file(let blob): return .file(.file(at: layout.blob(blob.digest), isExecutable: false))
            case .folder(let manifest): return .folder(manifest.entries.map { FoundEntry($0, in: layout) })
            }
        }
        guard let status = try FileStatus.ofTarget(mount.source) else {
            throw .system(action: "find", path: mount.source, errno: ENOENT)
        }
        switch status.kind {
        case .folder: return .folder(try scan(mount.source, cancellation))
        case .file: return .file(.file(at: mount.source, isExecutable: status.isExecutable))
        case .link, .other: throw .unsuitable(path: mount.source, reason: "only files and folders can be mounted")
        }
    }

    private static func add(
        _ mounted: Mounted, of mount: Mount, to tree: inout OverlaidTree
    ) throws(StorageError) {
        var parts = mount.target.split(separator: "/", omittingEmptySubsequences: true)
        parts.removeAll { $0 == "." }
        guard !mount.target.hasPrefix("/"), !mount.target.hasPrefix("~"), !parts.contains("..") else {
            throw .unsuitable(path: mount.target, reason: "a mount's place must be a path inside the working directory")
        }
        let target = parts.joined(separator: "/")
        for end in parts.indices.dropLast(mounted.isFolder ? 0 : 1) {
            try tree.add(
                FoundEntry(path: parts[...end].joined(separator: "/"), kind: .folder), from: mount.source)
        }
        switch mounted {
        case .folder(let entries):
            let prefix = target.isEmpty ? "" : target + "/"
            for entry in entries {
                try tree.add(FoundEntry(path: prefix + entry.path, kind: entry.kind), from: mount.source)
            }
        case .file(let kind) where !target.isEmpty:
            try tree.add(FoundEntry(path: target, kind: kind), from: mount.source)
        case .file: throw .unsuitable(path: mount.source, reason: "a file cannot take the working directory's place")
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
    /// Of a folder that the store has.
    fileprivate init(_ entry: FolderManifest.Entry, in layout: StoreLayout) {
        let kind: Kind =
            switch entry.kind {
            case .folder: .folder
            case .link(let target): .link(target: target)
            case .file(let blob, let isExecutable): .file(at: layout.blob(blob.digest), isExecutable: isExecutable)
            }
        self.init(path: entry.path, kind: kind)
    }

    fileprivate var isFolder: Bool {
        if case .folder = kind { return true }
        return false
    }
}
