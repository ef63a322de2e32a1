public import SkyCore

/// How policies tell the solver what they would rather have. What is made small is then the policy's price; what plans
/// report is always what things really cost.
extension PlacementProblem {
    /// True when some price is not the true one.
    public var isRepriced: Bool { !policyPrices.isEmpty || trueTransfers != nil }

    /// What the solver counts for a candidate: its cost, unless a policy changed that.
    public func price(of candidate: Candidate, ofStage index: Int) -> Money {
        guard let prices = policyPrices[index], prices.indices.contains(candidate.index) else { return candidate.cost }
        return Money(nanodollars: prices[candidate.index])
    }

    /// Gives every candidate the price that `price` says, instead of its cost. Negative prices count as zero.
    public func repricing(_ price: (StageChoices, Candidate) -> Money) -> PlacementProblem {
        var repriced = self
        for (index, stage) in stages.enumerated() {
            repriced.setPrices(ofStage: index) { price(stage, $0).nanodollars }
        }
        return repriced
    }

    /// Adds to the price of each candidate: a discount when negative. No price falls below zero.
    public func penalising(_ penalty: (StageChoices, Candidate) -> Money) -> PlacementProblem {
        var repriced = self
        for (index, stage) in stages.enumerated() {
            repriced.setPrices(ofStage: index) { candidate in
                (self.price(of: candidate, ofStage: index) + penalty(stage, candidate)).nanodollars
            }
        }
        return repriced
    }

    /// Adds to the price of moving each artifact between two places.
    public func penalisingTransfers(_ penalty: (Flow, _ from: Location, _ to: Location) -> Money) -> PlacementProblem {
        addingToTransfers { penalty($0, $1, $2).nanodollars }
    }

    /// Makes the sum of all stages' ranks as small as possible, and only then the price. Ranks count from zero; negative
    /// ones count as zero. In problems so large that money cannot count that far, ranks are rounded, never prices.
    public func ranking(_ rank: (StageChoices, Candidate) -> Int) -> PlacementProblem {
        let ranks = stages.map { stage in stage.candidates.map { RankScale.clamped(rank(stage, $0)) } }
        let scale = RankScale(highest: ranks.map { $0.max() ?? 0 }, spread: priceSpread)
        var repriced = self
        for (index, stage) in stages.enumerated() {
            var position = 0
            repriced.setPrices(ofStage: index) { candidate in
                defer { position += 1 }
                let price = self.price(of: candidate, ofStage: index).nanodollars
                return Network.plus(min(price, Network.none), scale.price(of: ranks[index][position]))
            }
            assert(position == stage.candidates.count)
        }
        return repriced
    }

    /// The same for moving: makes the sum of the ranks of all transfers as small as possible, and only then the price.
    public func rankingTransfers(_ rank: (Flow, _ from: Location, _ to: Location) -> Int) -> PlacementProblem {
        let highest = flows.map { flow in
            ways(of: flow).map { RankScale.clamped(rank(flow, $0.from, $0.to)) }.max() ?? 0
        }
        let scale = RankScale(highest: highest, spread: priceSpread)
        return addingToTransfers { scale.price(of: RankScale.clamped(rank($0, $1, $2))) }
    }

    /// Without what policies made of its prices.
    var atTruePrices: PlacementProblem {
        var plain = self
        plain.policyPrices = [:]
        for index in policyPrices.keys { plain.rebuildOptions(ofStage: index) }
        if let trueTransfers { plain.setTransferCosts(trueTransfers) }
        plain.trueTransfers = nil
        return plain
    }
}

/// What ranks are worth in money.
private struct RankScale {
    /// Of one step of a rounded rank; more than any two plans differ by.
    let weight: Int64
    /// Ranks are counted in steps of this.
    let step: Int

    init(highest: [Int], spread: Int64) {
        let total = highest.reduce(1, +)
        let room = Network.none / 2 - min(spread, Network.none / 4)
        weight = min(spread + 1, room)
        let steps = max(room / weight, 1)
        step = max(Int((Int64(total) + steps - 1) / steps), 1)
    }

    /// What can be summed up over any number of stages.
    static func clamped(_ rank: Int) -> Int { min(max(rank, 0), 1 << 44) }

    func price(of rank: Int) -> Int64 {
        let (whole, rest) = rank.quotientAndRemainder(dividingBy: step)
        return Int64(whole + (rest > step / 2 ? 1 : 0)) * weight
    }
}

extension PlacementProblem {
    /// True costs of moving, kept when a policy changes them: per edge its table, per node what comes from outside.
    struct TransferCosts: Sendable {
        var edges: [[Int64]?]
        var entries: [[Int64]]
    }

    /// No two plans differ by more in the price that the solver counts.
    var priceSpread: Int64 {
        var sum: Int64 = 0
        for node in network.nodes {
            sum = Network.plus(sum, node.options.map(\.cost).max() ?? 0)
            sum = Network.plus(sum, node.entryCost.max() ?? 0)
        }
        for edge in network.edges { sum = Network.plus(sum, edge.table?.costs.max() ?? 0) }
        return sum
    }

    mutating func setPrices(ofStage index: Int, _ price: (Candidate) -> Int64) {
        let candidates = stages[index].candidates
        var prices = [Int64](repeating: 0, count: (candidates.map(\.index).max() ?? -1) + 1)
        for candidate in candidates { prices[candidate.index] = min(max(price(candidate), 0), Network.none) }
        policyPrices[index] = prices
        rebuildOptions(ofStage: index)
    }

    /// Works the stage's options out anew from its candidates and their prices.
    mutating func rebuildOptions(ofStage index: Int) {
        let frontier = Frontier(
            stages[index], places: geography.placeOfCandidate[index], prices: policyPrices[index])
        (network.nodes[index].options, network.nodes[index].first) = frontier.flattened(
            placeCount: network.nodes[index].placeCount)
        isNarrowed = true
    }

    private var transferCosts: TransferCosts {
        TransferCosts(edges: network.edges.map { $0.table?.cost }, entries: network.nodes.map(\.entryCost))
    }

    /// What moving really costs, whatever policies made of it.
    var trueTransferCosts: TransferCosts { trueTransfers ?? transferCosts }

    mutating func setTransferCosts(_ costs: TransferCosts) {
        for (index, edge) in network.edges.enumerated() {
            guard let table = edge.table, let cost = costs.edges[index] else { continue }
            network.edges[index].table = TransferTable(columns: table.columns, cost: cost, time: table.time)
        }
        for (index, entry) in costs.entries.enumerated() { network.nodes[index].entryCost = entry }
        isNarrowed = true
    }

    private func addingToTransfers(_ addition: (Flow, Location, Location) -> Int64) -> PlacementProblem {
        var costs = transferCosts
        for flow in flows where flow.size > .zero {
            let targets = geography.placesOfStage[flow.reader]
            switch flow.source {
            case .place(let origin):
                for (column, target) in targets.enumerated() {
                    let extra = addition(flow, origin, geography.locations[target])
                    let cost = costs.entries[flow.reader][column]
                    costs.entries[flow.reader][column] = Self.sum(cost, extra)
                }
            case .stage(let source):
                guard let index = network.edges.firstIndex(where: { $0.from == source && $0.to == flow.reader }),
                    var cells = costs.edges[index]
                else { continue }
                var cell = 0
                for origin in geography.placesOfStage[source] {
                    for target in targets {
                        let extra = addition(flow, geography.locations[origin], geography.locations[target])
                        cells[cell] = Self.sum(cells[cell], extra)
                        cell += 1
                    }
                }
                costs.edges[index] = cells
            }
        }
        var repriced = self
        repriced.trueTransfers = trueTransferCosts
        repriced.setTransferCosts(costs)
        return repriced
    }

    /// Every way that the artifact can go.
    private func ways(of flow: Flow) -> [(from: Location, to: Location)] {
        guard flow.size > .zero else { return [] }
        let targets = geography.placesOfStage[flow.reader].map { geography.locations[$0] }
        let sources =
            switch flow.source {
            case .stage(let index): geography.placesOfStage[index].map { geography.locations[$0] }
            case .place(let origin): [origin]
            }
        return sources.flatMap { source in targets.map { (from: source, to: $0) } }
    }

    private static func sum(_ cost: Int64, _ extra: Int64) -> Int64 {
        max(Network.plus(cost, min(max(extra, -Network.none), Network.none)), 0)
    }
}
