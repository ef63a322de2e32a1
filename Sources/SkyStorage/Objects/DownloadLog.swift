import Glibc
import SkyCore

/// Which parts of a download have arrived, one line each, beside the file that they are in. The first line says of what: with
/// another object, or cut otherwise, all begins anew.
struct DownloadLog: Sendable {
    let path: String
    private let heading: String

    init(path: String, object: StoredObject, plan: PartPlan) {
        self.path = path
        heading = "\(object.etag) \(object.size.bytes) \(plan.partSize)"
    }

    /// Empty when there is none for just this.
    func read() throws(StorageError) -> Set<Int> {
        guard let file = try OpenFile.ifPresent(path, O_RDONLY) else { return [] }
        // A line without its end was being written when its process died.
        var lines = String(decoding: try file.readAll(), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        guard lines.popFirst() == heading[...] else { return [] }
        return Set(lines.compactMap { Int($0) })
    }

    func begin() throws(StorageError) {
        try OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC, to: "write").write(Array("\(heading)\n".utf8))
    }

    /// The part is in the file.
    func add(_ index: Int) throws(StorageError) {
        try OpenFile(path, O_WRONLY | O_APPEND, to: "write").write(Array("\(index)\n".utf8))
    }
}
