public import SkyCore

/// Decides for a running job, at every look at the market, whether it should wait, be on spot, or be on demand.
///
/// Pure: the same arguments give the same answer, whoever asks and however often, so that a broker that was killed goes on as if
/// nothing had been. Unlike a tick of the model, spot may go at any moment here; so work that is not saved counts as lost.
///
/// As long as it is asked at least every `interval`, its answers are followed, and a machine on demand works within
/// `job.changeover` of being asked for, the job is done by its deadline: the rule of `DeadlineRule`, for the worst that can
/// happen until the next look.
public struct DeadlineSpotPlan: Sendable {
    public let job: DeadlineJob
    /// The longest time from one decision to the next.
    public let interval: TimeSpan

    private let setting: SpotSetting
    private let policy: ExpectedCostPolicy

    public init(job: DeadlineJob, interval: TimeSpan) {
        self.init(job: job, interval: interval, policy: ExpectedCostPolicy())
    }

    init(job: DeadlineJob, interval: TimeSpan, policy: ExpectedCostPolicy) {
        self.policy = policy
        self.job = job
        self.interval = max(interval, .seconds(1))
        setting = SpotSetting(job: job, tick: self.interval)
    }

    /// False: nothing can promise the deadline, and the job runs on demand from the start.
    public var canKeepDeadline: Bool { job.work + job.changeover <= job.deadline }

    /// What the job should do until the next look.
    ///
    /// - Parameters:
    ///   - saved: work done that outlives the loss of the machine: up to the last checkpoint.
    ///   - unsaved: work done since.
    ///   - elapsed: since the job's start.
    ///   - holding: what it has now, also while that starts; `.idle` when a machine was just taken away.
    ///   - pendingDelay: what is left of the start of what it holds.
    ///   - spotAvailable: whether spot can be had now; true while it is held.
    ///   - history: what was seen of spot there, the present observation included.
    /// - Returns: `.spot` only when it is available.
    public func decide(
        saved: TimeSpan, unsaved: TimeSpan = .zero, elapsed: TimeSpan, holding: SpotChoice,
        pendingDelay: TimeSpan = .zero, spotAvailable: Bool, history: SpotHistory
    ) -> SpotChoice {
        // A machine on demand is not taken away: what it has done, it has done.
        let progress = holding == .onDemand ? saved + unsaved : saved
        guard job.work > progress else { return holding }
        let moment = SpotMoment(
            elapsed: elapsed.inSeconds, progress: progress.inSeconds, pendingDelay: pendingDelay.inSeconds,
            holding: holding == .spot && !spotAvailable ? .idle : holding, isSpotAvailable: spotAvailable)
        var outlooks = ExpectedCostPolicy.noOutlooks
        let wish = policy.choice(moment, setting, history, &outlooks)
        // Until the next look nothing more may have been saved, and the machine may be gone.
        let worstCase = job.work - saved + job.changeover + interval
        return wish == .onDemand || worstCase <= job.deadline - elapsed ? wish : .onDemand
    }
}
