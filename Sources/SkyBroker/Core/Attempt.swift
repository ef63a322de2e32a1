public import SkyCore
public import SkyPlacement
public import SkyProviders

/// One try at a stage.
public struct Attempt: Hashable, Sendable {
    public let id: AttemptID
    public var planned: PlannedStage { plan.value }
    private let plan: Shared<PlannedStage>
    /// Nil lets the provider choose.
    public internal(set) var zone: String?
    public let startedAt: Instant
    public internal(set) var group: NodeGroup?
    /// Whose nodes it took over, instead of renting some; its group then has that one's token.
    package internal(set) var inheritedFrom: AttemptPosition?
    /// Since when nodes that it took over are rented.
    var rentedAt: Instant?
    /// Who took its own nodes over.
    package internal(set) var heir: AttemptPosition?
    public internal(set) var provisionedAt: Instant?
    /// When the last node had its code and inputs: from then on it works.
    public internal(set) var deliveredAt: Instant?
    public internal(set) var workEndedAt: Instant?
    public internal(set) var releasedAt: Instant?
    /// When its nodes were stopped, with their disks kept: from then on nothing is metered.
    public internal(set) var haltedAt: Instant?
    /// What the provider said then of when they ran.
    var heldUntilHalt: HeldSpan?
    /// What the provider itself says of when it held the nodes, where it says anything; known once they are given back.
    public internal(set) var held: HeldSpan?
    public internal(set) var transfers: [TransferRecord] = []
    /// What went by way of the broker's machine.
    public internal(set) var relays: [Relay] = []
    public internal(set) var exitCode: Int?
    /// The node whose command failed first, of several.
    public internal(set) var failedRank: Int?
    public internal(set) var trouble: String?
    /// The provider has said that it will take the nodes at about this moment.
    public internal(set) var noticedLoss: Instant?

    init(id: AttemptID, plan: Shared<PlannedStage>, zone: String?, startedAt: Instant) {
        self.id = id
        self.plan = plan
        self.zone = zone
        self.startedAt = startedAt
    }

    /// What the nodes cost until `now`, transfers into them included; zero for nodes that never came.
    public func cost(until now: Instant) -> Money { nodeCost(until: now) + transferCost }

    /// What the nodes cost until `now`. By the provider's own word where there is one; else from the answer that they are
    /// there until the answer that nothing of them is left.
    public func nodeCost(until now: Instant) -> Money {
        Self.cost(at: plan.value.pricePerHour, held, since: provisionedAt, until: nodesUntil ?? now)
    }

    /// By the provider's own books; nil where they are not known.
    public var billed: Money? { held.map { plan.value.pricePerHour.perHour(for: $0.until - $0.since) } }

    /// By the broker's own clock alone.
    public func meteredNodeCost(until now: Instant) -> Money {
        Self.cost(at: plan.value.pricePerHour, nil, since: provisionedAt, until: nodesUntil ?? now)
    }

    static func cost(at price: Money, _ held: HeldSpan?, since: Instant?, until end: Instant) -> Money {
        if let held { return price.perHour(for: held.until - held.since) }
        // The broker's clock may have been set back since.
        return since.map { price.perHour(for: max(end, $0) - $0) } ?? .zero
    }

    public var transferCost: Money {
        relays.reduce(transfers.reduce(.zero) { $0 + $1.cost }) { $0 + $1.cost }
    }

    /// It works on nodes that another stage rented.
    public var isInherited: Bool { inheritedFrom != nil }

    /// Since when its nodes are rented, by whomever.
    var nodesSince: Instant? { rentedAt ?? provisionedAt }

    /// Until when its nodes ran for it; nil while they do.
    var nodesUntil: Instant? { haltedAt ?? releasedAt }

    /// What the provider knows its nodes by.
    var nodesToken: String { group?.token ?? id.token }

    /// Nodes are held, as far as is known, and cost money.
    var holdsNodes: Bool { provisionedAt != nil && nodesUntil == nil }
}
