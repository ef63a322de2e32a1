import SkyCore
import SkyProcess

/// Looks from time to time whether the processes of a job have more memory than they may.
struct MemoryWatch {
    private let limit: DataSize
    /// Milliseconds on the monotonic clock.
    private(set) var nextLook: Int64

    /// A program fills a gigabyte or so in this time; a look takes less than a hundredth of it.
    private static let interval: Int64 = 200

    /// Nil without a limit.
    init?(_ limit: DataSize?) {
        guard let limit else { return nil }
        self.limit = limit
        nextLook = monotonicMilliseconds() + Self.interval
    }

    /// To be called whenever `nextLook` has come.
    ///
    /// - Parameter processes: the job's.
    mutating func isExceeded(by processes: () -> [ProcessStatus]) -> Bool {
        guard monotonicMilliseconds() >= nextLook else { return false }
        nextLook = monotonicMilliseconds() + Self.interval
        let pids = processes().map(\.pid)
        guard pids.reduce(0, { $0 + ProcessMemory.resident(of: $1) }) > limit.bytes else { return false }
        // What workers share with the process that they are copies of must not count for each of them.
        let shares = pids.reduce(0) { $0 + (ProcessMemory.share(of: $1) ?? ProcessMemory.resident(of: $1)) }
        return shares > limit.bytes
    }
}
