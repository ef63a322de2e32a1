public import SkyCore
import SkyPlacement
public import SkySpec

/// What a run's stages were to cost, what they have cost, and what of that was no use.
public struct CostReport: Hashable, Sendable {
    /// One stage's part.
    public struct StageCost: Hashable, Sendable {
        public var stage: String
        /// At launch; for a stage that moved elsewhere, still what was agreed to then.
        public var planned: Money
        /// Of nodes, by the time they were held.
        public var nodes: Money
        /// Of moving its inputs.
        public var transfers: Money
        /// Held and not at work in the try that counts: starting, fetching inputs, storing outputs, being given back.
        public var idle: Money
        /// Of tries that came to nothing.
        public var lost: Money
        /// By the provider's own books, where it keeps any that can be asked: nil where it does not.
        public var billed: Money?
        public var budget: Budget?

        public var metered: Money { nodes + transfers }
    }

    public var run: RunID
    public var pipeline: String
    public var stages: [StageCost]
    public var budget: Budget?

    public var planned: Money
    public var metered: Money { stages.reduce(.zero) { $0 + $1.metered } }
    public var idle: Money { stages.reduce(.zero) { $0 + $1.idle } }
    public var lost: Money { stages.reduce(.zero) { $0 + $1.lost } }
    public var transfers: Money { stages.reduce(.zero) { $0 + $1.transfers } }
    /// Nil when of no stage it is known.
    public var billed: Money? {
        let known = stages.compactMap(\.billed)
        return known.isEmpty ? nil : known.reduce(.zero, +)
    }

    /// Until `now` for what is still held.
    public init(_ state: RunState, at now: Instant) {
        run = state.run
        pipeline = state.launch.pipeline.name
        budget = state.launch.pipeline.budget
        planned = state.launch.plan.totalCost
        stages = state.stages.map { StageCost($0, state, at: now) }
    }
}

extension CostReport.StageCost {
    init(_ state: StageState, _ run: RunState, at now: Instant) {
        stage = state.name
        planned = run.launch.plan.stage(named: state.name)?.cost ?? .zero
        budget = run.spec(state).budget
        (nodes, transfers, idle, lost) = (.zero, .zero, .zero, .zero)
        let last = state.attempt?.id
        for attempt in state.attempts {
            let held = attempt.meteredNodeCost(until: now)
            nodes = nodes + held
            transfers = transfers + attempt.transferCost
            // What a stopped try has saved, the next one goes on from.
            let goesOn = attempt.haltedAt != nil && state.rules.saveInterval != nil
            let counts =
                goesOn || attempt.id == last && (state.outputs != nil || !state.phase.isEnded || attempt.exitCode == 0)
            if counts {
                idle = idle + max(held - attempt.workCost(until: now), .zero)
            } else {
                lost = lost + held + attempt.transferCost
            }
        }
        let books = state.attempts.compactMap(\.billed)
        billed = books.isEmpty ? nil : books.reduce(.zero, +)
    }
}

extension Attempt {
    /// Of the time that its job ran.
    fileprivate func workCost(until now: Instant) -> Money {
        guard let deliveredAt else { return .zero }
        let end = workEndedAt ?? nodesUntil ?? max(now, deliveredAt)
        return planned.pricePerHour.perHour(for: max(end - deliveredAt, .zero))
    }
}
