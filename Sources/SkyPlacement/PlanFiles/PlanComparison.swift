import SkyCatalog
public import SkyCore

/// What is different between two plans of one pipeline.
public struct PlanComparison: Hashable, Sendable {
    /// A stage or a transfer on one side, the other, or both.
    public struct Line: Hashable, Sendable {
        public struct Side: Hashable, Sendable {
            /// `aws/us-east-1 p4d.24xlarge spot`, or `aws/us-east-1 → gcp/us-east1`.
            public var place: String
            public var cost: Money
            public var time: TimeSpan
        }

        public var name: String
        public var old: Side?
        public var new: Side?

        public var isChanged: Bool { old != new }
    }

    /// Stages first, then transfers, in the new plan's order, then what only the old one has.
    public let lines: [Line]
    public let total: Line

    public init(from old: Plan, to new: Plan) {
        lines =
            Self.lines(old.stages.map(Self.side), new.stages.map(Self.side))
            + Self.lines(Self.transfers(of: old), Self.transfers(of: new))
        total = Line(
            name: "total", old: .init(place: "", cost: old.totalCost, time: old.totalTime),
            new: .init(place: "", cost: new.totalCost, time: new.totalTime))
    }

    /// Whether anything that would be done, paid or waited for differs.
    public var isDifferent: Bool { total.isChanged || lines.contains(where: \.isChanged) }

    private typealias Named = (name: String, side: Line.Side)

    private static func lines(_ old: [Named], _ new: [Named]) -> [Line] {
        let before = Dictionary(old.map { ($0.name, $0.side) }, uniquingKeysWith: { first, _ in first })
        let after = Set(new.map(\.name))
        return new.map { Line(name: $0.name, old: before[$0.name], new: $0.side) }
            + old.filter { !after.contains($0.name) }.map { Line(name: $0.name, old: $0.side, new: nil) }
    }

    private static func side(_ stage: PlannedStage) -> Named {
        let nodes = stage.numNodes * stage.replicas
        let spot = stage.deadline != nil ? " spot or on demand" : stage.offer.market == .spot ? " spot" : ""
        let place = "\(stage.offer.location) \(nodes > 1 ? "\(nodes) × " : "")\(stage.offer.instanceType)\(spot)"
        return (stage.stage, Line.Side(place: place, cost: stage.cost, time: stage.heldTime))
    }

    private static func transfers(of plan: Plan) -> [Named] {
        let openings = plan.openings
        return plan.transfers.map { transfer in
            var named = side(transfer)
            // The same thing also goes to its stage.
            if openings.contains(transfer) { named.name = "\(transfer.artifact) → this machine" }
            return named
        }
    }

    private static func side(_ transfer: PlannedTransfer) -> Named {
        let place = transfer.from == transfer.to ? "stays in \(transfer.to)" : "\(transfer.from) → \(transfer.to)"
        return (
            "\(transfer.artifact) → \(transfer.toStage)",
            Line.Side(place: place, cost: transfer.cost, time: transfer.duration)
        )
    }
}
