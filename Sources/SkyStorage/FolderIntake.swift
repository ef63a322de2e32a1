import Glibc
import SkyCore

/// Keeps what was found in folders as one folder artifact.
enum FolderIntake {
    /// The manifest becomes part of the store only when all its blobs are.
    static func keep(
        _ found: [FoundEntry], in layout: StoreLayout, cancellation: CancellationFlag
    ) throws(StorageError) -> Artifact {
        var intake = BlobIntake(layout, cancellation: cancellation)
        var entries: [FolderManifest.Entry] = []
        entries.reserveCapacity(found.count)
        for entry in found {
            try cancellation.check()
            let kind: FolderManifest.Kind =
                switch entry.kind {
                case .folder: .folder
                case .link(let target): .link(target: target)
                case .file(let path, let isExecutable): .file(try intake.take(fileAt: path), isExecutable: isExecutable)
                }
            entries.append(FolderManifest.Entry(path: entry.path, kind: kind))
        }
        let manifest = try FolderManifest(entries)
        try intake.settle()
        try layout.keep(manifest)
        return ArtifactContents.folder(manifest).artifact
    }
}

extension StoreLayout {
    /// Writes the manifest durably, unless it is there.
    func keep(_ manifest: FolderManifest) throws(StorageError) {
        let place = self.manifest(manifest.digest)
        guard try FileStatus.ofLink(place)?.size != Int64(manifest.bytes.count) else { return touch(place) }
        let path = freshIncoming()
        do {
            let file = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o400, to: "write")
            try file.write(manifest.bytes)
            try file.sync()
            try FileTree.move(path, to: place)
        } catch {
            unlink(path)
            throw error
        }
        try syncFolder(folders)
    }

    /// What the digest stands for here, whether or not all blobs are present; nil when it is unknown.
    ///
    /// Should somebody keep a file that spells out the manifest of a folder, byte for byte, both have one digest: then
    /// the folder is meant.
    /// - Throws: `.corrupt` when the manifest is damaged, after setting it aside.
    func contents(of digest: ArtifactDigest) throws(StorageError) -> ArtifactContents? {
        if let file = try OpenFile.ifPresent(manifest(digest), O_RDONLY) {
            let bytes = try file.readAll()
            guard ArtifactDigest(hashing: bytes) == digest else {
                try setAside(manifest(digest), digest)
                throw .corrupt(digest)
            }
            return .folder(try FolderManifest(bytes: bytes))
        }
        guard let size = try size(ofBlob: digest) else { return nil }
        return .file(Blob(digest: digest, size: DataSize(bytes: size)))
    }
}
