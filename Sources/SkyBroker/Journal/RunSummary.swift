import SkyCatalog
public import SkyCore
import SkyPlacement
import SkySpec

/// What a list says of a run, kept beside its events so that a list need not fold them.
public struct RunSummary: Hashable, Sendable {
    public var pipeline: String
    public var status: RunState.Status
    public var launchedAt: Instant
    /// Nil while it lasts.
    public var endedAt: Instant?
    public var stages: Int
    /// Those that are done, or serve.
    public var stagesDone: Int
    public var plannedCost: Money
    /// Why it failed, in a sentence.
    public var failure: String?
    /// Its stages as they ended; nil before.
    public var endedStages: [EndedStage]?

    /// Spent until `at`, and what an hour from then on costs with what is held.
    var cost: Money
    var costPerHour: Money
    var at: Instant

    public func cost(at now: Instant) -> Money {
        endedAt == nil ? cost + costPerHour.perHour(for: max(.zero, now - at)) : cost
    }

    /// Takes the same time for a run of any size, until that has ended.
    ///
    /// - Parameter at: the last event's moment.
    public init(_ state: RunState, at: Instant) {
        pipeline = state.launch.pipeline.name
        status = state.status
        launchedAt = state.launchedAt
        endedAt = state.endedAt
        stages = state.stages.count
        plannedCost = state.launch.plan.totalCost
        self.at = at
        stagesDone = state.tally.settled
        (cost, costPerHour) = (state.spent(at: at), state.rate)
        guard let endedAt else { return }
        let view = state.view(at: endedAt)
        cost = view.cost
        failure =
            view.stages.first { $0.state == .failed }.map { "\($0.name): \($0.trouble ?? "failed")" } ?? view.failure
        endedStages = view.stages.map(EndedStage.init)
    }

    init(
        pipeline: String, status: RunState.Status, launchedAt: Instant, endedAt: Instant?, stages: Int,
        stagesDone: Int, plannedCost: Money, failure: String?, endedStages: [EndedStage]?, cost: Money,
        costPerHour: Money, at: Instant
    ) {
        self.pipeline = pipeline
        self.status = status
        self.launchedAt = launchedAt
        self.endedAt = endedAt
        self.stages = stages
        self.stagesDone = stagesDone
        self.plannedCost = plannedCost
        self.failure = failure
        self.endedStages = endedStages
        self.cost = cost
        self.costPerHour = costPerHour
        self.at = at
    }

    /// A stage of a run that has ended, as it was then.
    public struct EndedStage: Hashable, Sendable, Codable {
        public var name: String
        public var state: StageView.State
        public var provider: String
        public var region: String
        public var instanceType: String
        public var numNodes: Int
        public var isSpot: Bool
        public var startedAt: Instant?
        public var endedAt: Instant?
        public var cost: Money
        public var attempts: Int
        public var trouble: String?
        /// Nil too in those written before this was kept.
        public var why: String?
        public var reusedFrom: RunID?

        init(_ view: StageView) {
            name = view.name
            state = view.state
            provider = view.offer.provider
            region = view.offer.region
            instanceType = view.offer.instanceType
            numNodes = view.numNodes
            isSpot = view.offer.market == .spot
            startedAt = view.startedAt
            endedAt = view.endedAt
            cost = view.cost
            attempts = view.attempts
            trouble = view.trouble
            why = view.why
            reusedFrom = view.reusedFrom
        }
    }
}
