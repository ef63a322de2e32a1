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
    /// How often the job saves its work; nil: it does not.
    public let checkpoint: TimeSpan?

    /// What it would like to do, were there no deadline.
    typealias Wish = @Sendable (SpotMoment, SpotSetting, SpotHistory) -> SpotChoice

    private let setting: SpotSetting
    private let wish: Wish

    /// - Parameter checkpoint: zero when the job saves all the time; nil when it never does.
    public init(job: DeadlineJob, interval: TimeSpan, checkpoint: TimeSpan? = .zero) {
        self.init(job: job, interval: interval, checkpoint: checkpoint, wish: Self.expectedCost(ExpectedCostPolicy()))
    }

    public init(_ terms: DeadlineTerms) {
        self.init(job: terms.job, interval: terms.interval, checkpoint: terms.checkpoint)
    }

    init(job: DeadlineJob, interval: TimeSpan, checkpoint: TimeSpan? = .zero, wish: @escaping Wish) {
        self.job = job
        self.interval = max(interval, .seconds(1))
        self.checkpoint = checkpoint.map { max($0, .zero) }
        self.wish = wish
        setting = SpotSetting(job: job, tick: self.interval)
    }

    static func expectedCost(_ policy: ExpectedCostPolicy) -> Wish {
        { moment, setting, history in
            var outlooks = ExpectedCostPolicy.noOutlooks
            return policy.choice(moment, setting, history, &outlooks)
        }
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
        // It takes longer than anybody thought: what it has, it keeps, and it waits for nothing any more.
        guard job.work > progress else { return holding == .idle ? .onDemand : holding }
        guard latestStart(saved: saved) >= elapsed + interval else { return .onDemand }
        let moment = SpotMoment(
            elapsed: elapsed.inSeconds, progress: progress.inSeconds, pendingDelay: pendingDelay.inSeconds,
            holding: holding == .spot && !spotAvailable ? .idle : holding, isSpotAvailable: spotAvailable)
        let wish = wish(moment, setting, history)
        if wish == moment.holding, wish != .idle { return wish }
        return wish == .onDemand || isRoomForSpot(saved: saved, elapsed: elapsed) ? wish : .onDemand
    }

    /// How long after the job's start a machine on demand must be asked for when no more than this is saved.
    public func latestStart(saved: TimeSpan) -> TimeSpan {
        job.deadline - max(job.work - saved, .zero) - job.changeover
    }

    /// Spot that would have to be given up before the job has saved anything is not worth a start, or waiting for.
    private func isRoomForSpot(saved: TimeSpan, elapsed: TimeSpan) -> Bool {
        let rest = job.work - saved
        let firstSave = job.changeover + min(checkpoint ?? rest, rest)
        return latestStart(saved: saved) >= elapsed + firstSave + interval
    }
}
