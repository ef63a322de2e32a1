public import SkyCore

/// What a stage with a deadline on spot machines comes to before it runs, under `ExpectedCostPolicy`.
public struct DeadlineSpotEstimate: Hashable, Sendable {
    /// The mean over all ways that spot may behave under the model; an approximation that errs on the high side (docs/spot.md).
    public let expectedCost: Money
    /// The same work on demand from the start, one changeover included: what spot has to beat.
    public let onDemandCost: Money
    /// When it should be done; waiting included.
    public let expectedFinish: TimeSpan
    /// How long machines should be held on spot; on demand.
    public let onSpot: TimeSpan
    public let onDemand: TimeSpan
    /// How often spot should be lost.
    public let interruptions: Double
    /// No later than this, whatever spot does: the deadline; or, when not even a machine on demand that is started at once
    /// keeps it, the moment that one ends.
    public let latestFinish: TimeSpan
    /// The deadline is certain to be kept, as long as machines on demand can be had and start within the changeover.
    public let keepsDeadline: Bool

    /// What should be the case, where a job's own figures are the most that may be.
    public struct Usual: Hashable, Sendable {
        public var work: TimeSpan
        public var changeover: TimeSpan

        public init(work: TimeSpan, changeover: TimeSpan) {
            self.work = work
            self.changeover = changeover
        }
    }

    /// - Parameters:
    ///   - checkpoint: how often the job saves its work: zero for all the time, nil for never.
    ///   - usual: nil: the job's own figures.
    ///   - outlooks: what was worked out before, to within two percent; nil: worked out anew, and more exactly.
    public init(
        _ job: DeadlineJob, model: SpotModel = .typical, checkpoint: TimeSpan? = .zero, usual: Usual? = nil,
        outlooks: DeadlineOutlooks? = nil
    ) {
        self.init(job, model, checkpoint, usual) { shape, price in
            outlooks?.expectations(of: shape, price: price)
                ?? DeadlineOutlooks.workOut(shape, price: price, .exact)
        }
    }

    init(
        _ job: DeadlineJob, _ model: SpotModel, _ checkpoint: TimeSpan? = .zero, _ usual: Usual? = nil,
        _ workOut: (DeadlineOutlooks.Shape, Double) -> Expectations
    ) {
        let work = min(usual?.work ?? job.work, job.work)
        let delay = min(usual?.changeover ?? job.changeover, job.changeover)
        onDemandCost = job.onDemandPrice.perHour(for: work + delay)
        keepsDeadline = job.work + job.changeover <= job.deadline
        latestFinish = max(job.deadline, job.work + job.changeover)
        let price = Double(job.spotPrice.nanodollars) / Double(max(job.onDemandPrice.nanodollars, 1))
        // Until it is done, the job reckons with the most that may be.
        let slack = job.deadline - job.work - (job.changeover - delay)
        var figures = Expectations.onDemand(Float((work + delay).hours))
        if keepsDeadline, price <= DeadlineOutlooks.highestPrice, work > .zero, slack > .zero {
            let shape = DeadlineOutlooks.Shape(
                model: model, work: work.hours, slack: slack.hours, delay: delay.hours,
                checkpoint: checkpoint.map { max($0, .zero).hours } ?? .infinity)
            figures = workOut(shape, price)
        }
        expectedCost = job.onDemandPrice.scaled(by: Int64((Double(figures.cost) * 1e6).rounded()), over: 1_000_000)
        expectedFinish = min(TimeSpan(hours: figures.time), latestFinish)
        onSpot = TimeSpan(hours: figures.onSpot)
        onDemand = TimeSpan(hours: figures.onDemand)
        interruptions = Double(figures.interruptions)
    }
}

extension TimeSpan {
    fileprivate init(hours: Float) { self = TimeSpan.hour.scaled(by: Double(hours)) }
}

extension SpotModel {
    /// What a catalog knows: the share of such machines that is taken away within a month. A gang of `nodes` stops when any
    /// of them is taken. How long spot then stays away no catalog says: as long as is typical.
    ///
    /// - Parameter perMonth: nil when nobody measured it; then runs are typical too, which are far shorter.
    public init(interruptionsPerMonth perMonth: Double?, nodes: Int = 1) {
        guard let perMonth else {
            self = .typical
            return
        }
        let rate = InterruptionModel(perMonth: perMonth, nodes: max(nodes, 1)).rate
        let mean = rate > 0 ? 1 / rate : .greatestFiniteMagnitude
        self.init(up: .memoryless(mean: mean), down: SpotModel.typical.down)
    }
}
