import SkyCore
import SkyProcess

/// A supervisor's part of the node's lease: it ends its job when the lease has run out and no agent was there to do it.
struct LeaseGuard {
    private let file: LeaseFile
    private let job: String
    /// Milliseconds on the monotonic clock.
    private(set) var nextLook: Int64

    /// A lease may be given, taken from or added to at any time; a supervisor hears of it so much later.
    private static let interval: Int64 = 60_000

    init(node: NodeFolder, job: String) {
        file = node.lease
        self.job = job
        nextLook = 0
        nextLook = Self.time(ofNextLookAt: (try? file.load()) ?? nil)
    }

    /// The grace that the job gets from now on, in milliseconds, when the node's time is over. To be called whenever
    /// `nextLook` has come.
    mutating func graceOfEnd() -> Int64? {
        guard monotonicMilliseconds() >= nextLook else { return nil }
        let record = (try? file.load()) ?? nil
        nextLook = Self.time(ofNextLookAt: record)
        guard let record, record.boot == ProcessIdentity.currentBoot, monotonicMilliseconds() >= record.lastDeadline
        else { return nil }
        nextLook = .max
        // A disk that takes no mark is no reason to go on.
        try? file.markEnded(cuttingShort: [job])
        return record.grace.milliseconds
    }

    private static func time(ofNextLookAt record: LeaseRecord?) -> Int64 {
        let latest = monotonicMilliseconds() + interval
        return record.map { min($0.lastDeadline, latest) } ?? latest
    }
}
