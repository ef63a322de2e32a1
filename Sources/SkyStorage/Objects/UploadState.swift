import FoundationEssentials
import Glibc

/// What has to be known to go on with an upload after its process died: what the file holds, and the name that the server gave
/// the upload. Which parts have arrived the server knows best.
struct UploadState: Codable, Hashable {
    let fingerprint: FileFingerprint
    var upload: String?

    /// Nil when there is none, or none that makes sense: then everything is found out anew.
    static func read(_ path: String) -> UploadState? {
        guard let file = try? OpenFile.ifPresent(path, O_RDONLY), let bytes = try? file.readAll() else { return nil }
        return try? JSONDecoder().decode(UploadState.self, from: Data(bytes))
    }

    /// Durable before the first part is sent: parts that nobody knows of would be stored, and paid for, in vain.
    func write(_ path: String) throws(StorageError) {
        guard let data = try? JSONEncoder().encode(self) else { return }
        let fresh = "\(path).new"
        let file = try OpenFile(fresh, O_WRONLY | O_CREAT | O_TRUNC, to: "write")
        try file.write(Array(data))
        try file.sync()
        try FileTree.move(fresh, to: path)
    }
}
