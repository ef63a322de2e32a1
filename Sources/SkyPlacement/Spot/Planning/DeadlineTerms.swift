public import SkyCatalog
public import SkyCore

/// How a stage keeps a deadline of its own: on spot machines while it can wait, on demand when it must.
///
/// All that a broker needs to run the stage so: with `DeadlineSpotRun` it decides while the stage runs, without the catalog.
public struct DeadlineTerms: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Work, deadline, changeover, and the prices of all nodes of the gang together. The work is the most that the stage
    /// should take: the promise has to hold for that.
    public var job: DeadlineJob
    /// What it runs on while it can wait.
    public var spot: Offer
    /// The same machine on demand, in the same region.
    public var onDemand: Offer
    /// How often the stage saves its work, so that it can go on elsewhere; nil: it does not, and begins anew each time.
    public var checkpoint: TimeSpan?
    /// The longest time from one decision to the next.
    public var interval: TimeSpan
    /// What the stage should come to, disks and addresses included: the plan's `cost` of the stage.
    public var expectedCost: Money
    /// What the same work comes to on `onDemand` from the start.
    public var onDemandCost: Money
    /// After how long it should be done; machines are waited for in it.
    public var expectedFinish: TimeSpan
    /// It is done no later than this, whatever spot does: the deadline.
    public var latestFinish: TimeSpan

    public init(
        job: DeadlineJob, spot: Offer, onDemand: Offer, checkpoint: TimeSpan? = nil, interval: TimeSpan,
        expectedCost: Money, onDemandCost: Money, expectedFinish: TimeSpan, latestFinish: TimeSpan
    ) {
        self.job = job
        self.spot = spot
        self.onDemand = onDemand
        self.checkpoint = checkpoint
        self.interval = interval
        self.expectedCost = expectedCost
        self.onDemandCost = onDemandCost
        self.expectedFinish = expectedFinish
        self.latestFinish = latestFinish
    }

    /// `spot while it can wait, on demand when it must (after 5h 58m if spot has brought nothing), done after 16h at the latest;
    /// on demand throughout would cost $98.10`.
    public var description: String {
        "spot while it can wait, on demand when it must (after \(onDemandAtTheLatest) if spot has brought nothing), "
            + "done after \(latestFinish) at the latest; on demand throughout would cost \(readable(onDemandCost))"
    }

    /// The last moment, from the stage's start, at which a machine on demand may be asked for when nothing was saved.
    public var onDemandAtTheLatest: TimeSpan { max(job.deadline - job.work - job.changeover, .zero) }
}
