public import SkyCatalog
public import SkyCore

/// Why a plan is as it is, stage by stage: what each constraint ruled out, what giving one up would save, and what the
/// data's location decided.
public struct PlanExplanation: Sendable {
    public struct Stage: Sendable {
        public let stage: String
        /// One for each request that would do: how many offers fell to which of its constraints.
        public let eliminations: [OfferElimination]
        /// Constraints that cost something, the dearest first.
        public let relaxations: [Relaxation]
        /// Where it would run if moving data cost nothing; nil if exactly where it does.
        public let withFreeEgress: Offer?
    }

    /// One constraint of one stage given up, and everything planned anew.
    public struct Relaxation: Hashable, Sendable {
        /// What it asks for: `8+ CPUs`.
        public let phrase: String
        /// Where the stage would run.
        public let offer: Offer
        public let totalCost: Money
        public let totalTime: TimeSpan
        /// Positive.
        public let saved: Money
    }

    public let stages: [Stage]
    /// What all egress costs in the plan.
    public let egress: Money
    /// How much less the stages alone would cost if they could be chosen as if egress were free.
    public let priceOfDataGravity: Money
}

/// Why no plan can be made: of each stage without an offer, what its requests fell to.
public struct NothingFits: Sendable {
    public let stage: String
    public let eliminations: [OfferElimination]
    public let reason: String
}
