import CShims
import Glibc

/// A file that only grows, and of which only the latest is kept: what is dropped at its beginning becomes a hole, so that
/// every byte that is left stays where it was.
public enum LogFile {
    /// What is dropped begins and ends with whole blocks of any usual file system.
    private static let block: Int64 = 64 << 10

    /// Drops what is older than the last `keep` bytes, once a quarter more than that is there. Does nothing on file systems
    /// without holes.
    public static func trim(_ descriptor: Int32, size: Int64, keep: Int64) {
        guard size > keep, size - keep >= max(keep / 4, block) else { return }
        let end = (size - keep) / block * block
        let start = firstByte(descriptor, from: 0)
        guard end > start, end - start >= max(keep / 4, block) else { return }
        _ = sky_punch_hole(descriptor, off_t(start), off_t(end - start))
    }

    /// The first byte from `offset` on that was not dropped; the file's end if there is none.
    public static func firstByte(_ descriptor: Int32, from offset: Int64) -> Int64 {
        let found = sky_seek_data(descriptor, off_t(offset))
        if found >= 0 { return Int64(found) }
        return errno == ENXIO ? max(offset, size(descriptor)) : offset
    }

    public static func size(_ descriptor: Int32) -> Int64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
    }
}
