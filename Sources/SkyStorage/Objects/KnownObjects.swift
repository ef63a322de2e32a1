import Glibc
import SkyCore

/// Which artifact came of which objects: known by their entity tags, so that objects which stayed the same are not fetched again.
struct KnownObjects: Sendable {
    private let folder: String
    private let path: String

    /// - Parameter place: of where the objects are.
    init(folder: String, place: ArtifactDigest) {
        self.folder = folder
        path = "\(folder)/\(place.hex.prefix(32))"
    }

    /// Nil when it is not known, or one of them cannot be told from what it may have been before.
    func digest(of objects: [StoredObject]) -> ArtifactDigest? {
        guard let stamp = Self.stamp(objects)?.hex, let file = try? OpenFile.ifPresent(path, O_RDONLY),
            let bytes = try? file.readAll()
        else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.count == 2 && lines[0] == stamp ? ArtifactDigest(String(lines[1])) : nil
    }

    func remember(_ digest: ArtifactDigest, of objects: [StoredObject]) throws(StorageError) {
        guard let stamp = Self.stamp(objects)?.hex else { return }
        try FileTree.makeFolders(folder, mode: 0o700)
        let fresh = "\(path).\(getpid()).new"
        try OpenFile(fresh, O_WRONLY | O_CREAT | O_TRUNC, to: "write").write(Array("\(stamp)\n\(digest)\n".utf8))
        try FileTree.move(fresh, to: path)
    }

    /// Of names, sizes and entity tags; nil when one of them has none.
    static func stamp(_ objects: [StoredObject]) -> ArtifactDigest? {
        guard objects.allSatisfy({ !$0.etag.isEmpty }) else { return nil }
        let text = objects.map { "\($0.key)\0\($0.etag)\0\($0.size.bytes)\0" }.joined()
        return ArtifactDigest(hashing: Array(text.utf8))
    }
}
