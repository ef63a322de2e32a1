import Glibc

/// What processes have in memory.
public enum ProcessMemory {
    /// Bytes of the process that are in memory, shared ones included; 0 when it is gone. Cheap.
    public static func resident(of pid: Int32) -> Int64 {
        guard let bytes = (try? Files.read("/proc/\(pid)/statm")) ?? nil else { return 0 }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int64(fields[1]) else { return 0 }
        return pages * pageSize
    }

    /// Its share: what several processes have in common counts for each only in part. Nil where the kernel does not say.
    /// The kernel walks through all of the process's memory for it: milliseconds for each gigabyte.
    public static func share(of pid: Int32) -> Int64? {
        guard let bytes = (try? Files.read("/proc/\(pid)/smaps_rollup")) ?? nil else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("Pss:") {
            let fields = line.split(separator: " ")
            return fields.count > 1 ? Int64(fields[1]).map { $0 * 1024 } : nil
        }
        return nil
    }

    private static var pageSize: Int64 { Int64(sysconf(Int32(_SC_PAGESIZE))) }
}
