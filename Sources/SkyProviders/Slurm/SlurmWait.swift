import SkyCore

/// A job's time in the queue, as whoever waits for it sees it.
struct SlurmWait {
    private(set) var reason: String?
    private let end: ContinuousClock.Instant
    private let patience: Duration
    private var stuckSince: ContinuousClock.Instant?
    private var silentSince: ContinuousClock.Instant?
    private var pause: Int64 = 150

    /// Some reasons are said of a job that was only just submitted, and are withdrawn at once.
    private static let doubt = Duration.seconds(3)

    /// - Parameter patience: how long its cluster may be out of reach.
    init(queueLimit: TimeSpan, patience: Duration) {
        end = .now + .milliseconds(queueLimit.milliseconds)
        self.patience = patience
    }

    mutating func heard(_ reason: String?) {
        silentSince = nil
        self.reason = reason
        let isStuck = reason.flatMap(SlurmReason.whatNeverResolves) != nil
        stuckSince = isStuck ? stuckSince ?? .now : nil
    }

    /// False when the cluster has been out of reach for too long.
    mutating func bears(_ error: ProviderError) -> Bool {
        let since = silentSince ?? .now
        silentSince = since
        return !Task.isCancelled && .now - since < patience
    }

    /// There is nothing to be waited for any more.
    var isOver: Bool { .now > end || stuckSince.map { .now - $0 > Self.doubt } ?? false }

    /// Milliseconds; longer each time, up to five seconds.
    mutating func nextPause() -> Int64 {
        defer { pause = min(pause * 3 / 2, 5000) }
        return pause
    }

    /// For people.
    func words(job: Int?) -> String {
        let name = job.map { "job \($0)" } ?? "the job"
        return reason.map { "\(name) waits in the queue (\(SlurmReason.words($0)))" } ?? "\(name) has just begun"
    }
}
