/// Every way to go through a network step by step that can still become a plan below a cap that ends by a limit, with all times
/// rounded down to multiples of a grain, and places that are alike taken for one. Ways that this makes the same are one; so
/// there are few, and what the cheapest of them costs is a bound for all plans. A finer grid is made of what a coarser one has
/// left, and only of that.
struct TimeGrid {
    /// On to the next step by an option of its node.
    struct Move {
        var option: Int32
        var to: Int32
        var cost: Int64
    }

    /// All ways between two steps; where and when the nodes of the frontier are, way by way.
    struct Layer {
        /// The least that it costs to have come here …
        var cost: [Int64] = []
        /// … and to go on from here to the end; `Network.none` where that leads nowhere.
        var rest: [Int64] = []
        var places: [Int32] = []
        var finish: [Int64] = []
        /// Which way of the coarser grid it is one of.
        var coarse: [Int32] = []
        /// In reduced costs, at one price after the other: the least that it takes to have come here, while the grid is made …
        var sums: [Int64] = []
        /// … and to go on from here to the end.
        var restSums: [Int64] = []
        /// The moves of way `i` are those from `first[i]` up to `first[i + 1]`.
        var first: [Int32] = [0]
        var moves: [Move] = []

        var count: Int { cost.count }

        func range(of way: Int) -> Range<Int> { Int(first[way])..<Int(first[way + 1]) }
    }

    let grain: Int64
    private(set) var layers: [Layer] = []

    /// No plan costs less, unless it costs as much as the cap.
    var bound: Int64 { layers[0].rest.first ?? Network.none }

    var moveCount: Int { layers.reduce(0) { $0 + $1.moves.count } }

    /// What making a move takes, in steps of the meter.
    private static let stepsPerMove = 15

    /// Nil when there are more than `most` moves, or `meter` is used up.
    init?(
        _ frame: TimeGridFrame, _ places: PlaceGroups, grain: Int64, of coarse: TimeGrid?, cap: Int64, most: Int,
        _ meter: inout Meter
    ) {
        self.grain = grain
        var layer = Layer()
        (layer.cost, layer.coarse) = ([0], [0])
        layer.sums = frame.firstSums
        var made = 0
        for number in frame.steps.indices {
            var step = GridStep(frame, places, number, grain: grain, cap: cap)
            if let coarse {
                step.take(&layer, coarse.layers[number], coarse.layers[number + 1])
            } else {
                step.take(&layer)
            }
            made += layer.moves.count
            meter.spend(step.looked * Self.stepsPerMove)
            guard made <= most, !meter.isOver else { return nil }
            var next = step.next
            let (standsFor, compared) = next.keepBest(slots: frame.steps[number].kept.count, prices: frame.prices)
            for index in layer.moves.indices { layer.moves[index].to = standsFor[Int(layer.moves[index].to)] }
            meter.spend(compared * 2 + standsFor.count * 10)
            layers.append(layer)
            layer = next
        }
        layer.rest = [Int64](repeating: 0, count: layer.count)
        layer.restSums = [Int64](repeating: 0, count: layer.count * frame.prices)
        layer.first = [Int32](repeating: 0, count: layer.count + 1)
        layers.append(layer)
        for number in frame.steps.indices.reversed() { lookBack(at: number, frame, places, cap: cap) }
        meter.spend(made * Self.stepsPerMove)
    }

    /// Finds what it takes to go on to the end, and drops what leads to nothing below the cap.
    private mutating func lookBack(at number: Int, _ frame: TimeGridFrame, _ places: PlaceGroups, cap: Int64) {
        let (rest, restSums) = (layers[number + 1].rest, layers[number + 1].restSums)
        let (prices, room) = (frame.prices, frame.room(below: cap))
        var layer = layers[number]
        var sums = MoveSums(frame, places, number)
        layer.rest = [Int64](repeating: Network.none, count: layer.count)
        layer.restSums = [Int64](repeating: Network.none, count: layer.count * prices)
        var kept = 0
        for way in 0..<layer.count {
            let range = layer.range(of: way)
            layer.first[way] = Int32(kept)
            for index in range {
                let move = layer.moves[index]
                let onwards = Network.plus(move.cost, rest[Int(move.to)])
                guard layer.cost[way] + onwards < cap else { continue }
                let (mine, its) = (way * prices, Int(move.to) * prices)
                guard
                    sums.isOpen(
                        from: way, to: Int(move.option), layer, before: Int(move.to), restSums, room: room)
                else { continue }
                layer.rest[way] = min(layer.rest[way], onwards)
                for price in 0..<prices {
                    let sum = sums.sums[price] + restSums[its + price]
                    layer.restSums[mine + price] = min(layer.restSums[mine + price], sum)
                }
                layer.moves[kept] = move
                kept += 1
            }
        }
        layer.first[layer.count] = Int32(kept)
        layer.moves.removeLast(layer.moves.count - kept)
        layer.sums = []
        layers[number] = layer
    }

    /// The cheapest way, as an option per node; it may be late.
    func cheapest(_ frame: TimeGridFrame) -> [Int]? {
        var options = [Int](repeating: 0, count: frame.network.nodes.count)
        var way = 0
        for (number, step) in frame.steps.enumerated() {
            let layer = layers[number]
            let rest = layers[number + 1].rest
            let best = layer.moves[layer.range(of: way)].min {
                Network.plus($0.cost, rest[Int($0.to)]) < Network.plus($1.cost, rest[Int($1.to)])
            }
            guard let best else { return nil }
            options[step.node] = Int(best.option)
            way = Int(best.to)
        }
        return options
    }
}

/// What all grids over a network have in common.
struct TimeGridFrame {
    let network: Network
    let steps: [FrontierStep]
    let windows: TimeWindows
    let limit: Int64
    let reduced: [ReducedCosts]
    /// Of the beginning, above the first reference.
    let firstSums: [Int64]
    private let scale: Int64

    var prices: Int { reduced.count }

    /// In units above the first reference: a plan that costs less than the cap costs no more.
    func room(below cap: Int64) -> Int64 {
        Int64(clamping: (Int128(cap) - 1) * Int128(scale) - reduced[0].reference)
    }

    /// Nil if no plan ends by the limit, or none costs less than the cap.
    ///
    /// - Parameter sweeps: of one network, at different prices of time, each after a pass at these.
    init?(_ sweeps: [CostSweep], limit: Int64, cap: Int64) {
        let reduced = sweeps.compactMap(ReducedCosts.init)
        guard let first = reduced.first, let windows = TimeWindows(sweeps[0].network, limit: limit),
            let steps = FrontierStep.plan(sweeps[0].network, limit: limit)
        else { return nil }
        let network = sweeps[0].network
        (self.network, self.steps, self.windows, self.limit) = (network, steps, windows, limit)
        self.reduced = reduced
        firstSums = reduced.map { Int64(clamping: $0.reference - first.reference) }
        scale = sweeps[0].units.scale
        guard room(below: cap) >= 0 else { return nil }
    }
}
