import SkyCore

/// What keeps a manifest inside its folder.
enum ManifestRules {
    /// The distinct blobs of entries that are sorted by path, and the size of all files together.
    static func check(_ entries: [FolderManifest.Entry]) throws(StorageError) -> (blobs: [Blob], size: DataSize) {
        // Bytes, not Strings: two spellings of é are one String to Swift and two names to the file system.
        var folders: Set<[UInt8]> = []
        var last: [UInt8] = []
        var blobs: [Blob] = []
        var sizes: [ArtifactDigest: DataSize] = [:]
        var total = DataSize.zero
        for entry in entries {
            let path = Array(entry.path.utf8)
            try checkPath(path, shown: entry.path)
            guard path != last else { throw .badManifest(reason: "'\(entry.path)' is there twice") }
            last = path
            if let slash = path.lastIndex(of: UInt8(ascii: "/")), !folders.contains(Array(path[..<slash])) {
                throw .badManifest(reason: "'\(entry.path)' lies in a folder that is not listed")
            }
            switch entry.kind {
            case .folder: folders.insert(path)
            case .link(let target): try checkLink(entry.path, to: target)
            case .file(let blob, _):
                guard blob.size >= .zero, sizes[blob.digest, default: blob.size] == blob.size else {
                    throw .badManifest(reason: "'\(entry.path)' has an impossible size")
                }
                if sizes.updateValue(blob.size, forKey: blob.digest) == nil { blobs.append(blob) }
                total = total + blob.size
            }
        }
        return (blobs, total)
    }

    private static func checkPath(_ path: [UInt8], shown: String) throws(StorageError) {
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8) && !part.contains(0)
        }
        guard isPlain else { throw .badManifest(reason: "'\(shown)' is not a plain path inside the folder") }
    }

    private static func checkLink(_ path: String, to target: String) throws(StorageError) {
        guard !staysInside(link: path, target: target) else { return }
        throw .badManifest(reason: "the link '\(path)' to '\(target)' may lead out of the folder")
    }

    /// Whether a link at `path` (relative to the folder) stays inside whatever the other links in the folder are.
    ///
    /// Only leading `..` are allowed, and no more than the link is deep: they climb real folders. From there the
    /// target only descends, or passes other links, which by the same rule stay inside. A `..` after a name would
    /// climb from wherever that name, if it is a link, leads.
    static func staysInside(link path: String, target: String) -> Bool {
        guard !target.isEmpty, !target.utf8.contains(0), target.utf8.first != UInt8(ascii: "/") else { return false }
        let parts = target.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        let climbs = parts.prefix { $0.elementsEqual("..".utf8) }.count
        let depth = path.utf8.count { $0 == UInt8(ascii: "/") }
        return climbs <= depth && !parts.dropFirst(climbs).contains { $0.elementsEqual("..".utf8) }
    }
}
