import Glibc

/// A part of a file on its way out. Lives on the loop's thread, and keeps it waiting where the disk does.
final class FileSource {
    let count: Int64
    private let offset: Int64
    /// From `offset` on.
    private var position: Int64 = 0
    /// Open since the first byte was asked for.
    private var file: BodyFile

    init(path: String, offset: Int64, count: Int64) {
        file = BodyFile(path: path)
        self.offset = offset
        self.count = count
    }

    func seek(to position: Int64) { self.position = position }

    /// How many bytes are in the buffer now; none at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SinkError) -> Int {
        let wanted = Int(min(Int64(buffer.count), count - position))
        guard wanted > 0 else { return 0 }
        if !file.isOpen { try file.open(O_RDONLY) }
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        let got = try file.read(into: part, at: offset + position)
        guard got > 0 else {
            throw SinkError(kind: .file, reason: "\(file.path) has become shorter than what is to be sent")
        }
        position += Int64(got)
        return got
    }
}
