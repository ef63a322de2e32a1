public import SkyCore

/// What a stage with a deadline on spot machines comes to before it runs, under `ExpectedCostPolicy`.
public struct DeadlineSpotEstimate: Hashable, Sendable {
    /// The mean over all ways that spot may behave under the model; an approximation that errs on the high side (docs/spot.md).
    public let expectedCost: Money
    /// The same work on demand from the start, one changeover included: what spot has to beat.
    public let onDemandCost: Money
    /// No later than this, whatever spot does: the deadline; or, when not even a machine on demand that is started at once
    /// keeps it, the moment that one ends.
    public let latestFinish: TimeSpan
    /// The deadline is certain to be kept, as long as machines on demand can be had and start within the changeover.
    public let keepsDeadline: Bool

    /// - Parameters:
    ///   - startsWithSpot: there is spot at the job's start. Nobody knows before, but the planner only proposes what is offered.
    public init(_ job: DeadlineJob, model: SpotModel = .typical, startsWithSpot: Bool = true) {
        self.init(job, model, startsWithSpot, .init(works: 48, slacks: 64))
    }

    init(_ job: DeadlineJob, _ model: SpotModel, _ startsWithSpot: Bool, _ resolution: OutlookShelf.Resolution) {
        onDemandCost = job.onDemandPrice.perHour(for: job.work + job.changeover)
        keepsDeadline = job.work + job.changeover <= job.deadline
        latestFinish = max(job.deadline, job.work + job.changeover)
        let setting = SpotSetting(job: job, tick: .seconds(60))
        let isWorthIt = job.spotPrice < job.onDemandPrice && job.work > .zero && job.deadline > job.work
        guard keepsDeadline, isWorthIt else {
            expectedCost = onDemandCost
            return
        }
        let outlook = OutlookShelf.workOut(.init(model, setting), resolution)
        let hours = startsWithSpot ? outlook.costWithSpot : outlook.costWithoutSpot
        expectedCost = job.onDemandPrice.scaled(by: Int64((Double(hours) * 1e6).rounded()), over: 1_000_000)
    }
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
