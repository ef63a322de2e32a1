import Glibc
import SkyProcess

/// What a receiver has put in a place: of files that neither side has touched since, nobody need read a byte again.
struct PackIndex {
    struct Record {
        /// Of the sender's file: see `PackManifest.Entry`.
        var changed: Int64
        var stamp: UInt64
        var size: Int64
        /// Of the file in its place.
        var own: UInt64
        var digest: [UInt8]
    }

    private(set) var records: [String: Record] = [:]
    private static let version: UInt32 = 1

    /// Empty where there is none, or one that cannot be read.
    init(at path: String?) {
        guard let path, let bytes = (try? Files.read(path)) ?? nil else { return }
        var reader = PackReader(bytes)
        var found: [String: Record] = [:]
        do throws(PackReader.Short) {
            guard try reader.number(UInt32.self) == Self.version else { return }
            while !reader.isAtEnd {
                let name = try reader.text()
                found[name] = Record(
                    changed: try reader.number(), stamp: try reader.number(), size: try reader.number(),
                    own: try reader.number(), digest: Array(try reader.bytes(32)))
            }
        } catch { return }
        records = found
    }

    mutating func add(_ file: PackManifest.Entry, own: UInt64, digest: [UInt8]) {
        records[file.path] = Record(
            changed: file.changed, stamp: file.stamp, size: file.size, own: own, digest: digest)
    }

    func write(to path: String) throws(SystemError) {
        var writer = PackWriter()
        writer.put(Self.version)
        for (name, record) in records {
            writer.put(name)
            writer.put(record.changed)
            writer.put(record.stamp)
            writer.put(record.size)
            writer.put(record.own)
            writer.put(record.digest)
        }
        try Files.makeFolder(Files.parent(of: path), mode: 0o700)
        try Files.replace(path, with: writer.bytes, durability: .processes)
    }
}

/// By what a file is known not to have changed, as far as the kernel knows: which file it is, when it was written, and when
/// anything of it was changed, which nobody can set as he likes.
enum FileStamp {
    /// Never 0.
    static func of(_ status: stat) -> UInt64 {
        let parts = [
            UInt64(status.st_dev), UInt64(status.st_ino), UInt64(truncatingIfNeeded: status.st_ctim.tv_sec),
            UInt64(truncatingIfNeeded: status.st_ctim.tv_nsec), UInt64(truncatingIfNeeded: status.st_mtim.tv_sec),
            UInt64(truncatingIfNeeded: status.st_mtim.tv_nsec),
        ]
        let mixed = parts.reduce(0x9e37_79b9_7f4a_7c15 as UInt64) { hash, part in
            let sum = (hash ^ part) &* 0xbf58_476d_1ce4_e5b9
            return sum ^ sum >> 29
        }
        return max(mixed, 1)
    }

    /// 0 of a file that was changed so lately that it may be changed again without another time.
    static func ifSettled(_ status: stat, now: timespec) -> UInt64 {
        now.tv_sec - status.st_ctim.tv_sec > settling ? of(status) : 0
    }

    /// In seconds; file systems' clocks are as coarse as that.
    private static let settling = 2
}
