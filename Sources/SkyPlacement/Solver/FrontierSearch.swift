/// Goes through a network node by node, keeping every way to have gone so far that can still become a plan below `cap`
/// that ends by `limit`. Of two ways whose last nodes are in the same places only the one stays that is cheaper and ends
/// sooner, if there is such a one. What is left at the end is the best plan; exact, unless there were more ways than
/// `width` between two nodes.
///
/// Only ways that reduced costs (`ReducedCosts`) and time windows leave open are kept, so that it is quick where those
/// are nearly tight, whatever the number of plans.
struct FrontierSearch {
    /// What a plan is worth, the less the better: its cost, or its cost and its time.
    typealias Value = (_ cost: Int64, _ time: Int64) -> Int64

    private let network: Network
    private let reduced: ReducedCosts
    private let windows: TimeWindows
    private let limit: Int64
    /// In units above the reference: the reduced costs of a plan that is of interest come to no more.
    private let room: Int64
    /// The makespan matters beside the limit.
    private let value: Value?
    private let width: Int
    /// Plans of interest cost less …
    private let cap: Int64
    /// … and are worth less.
    private let worthCap: Int64

    private let steps: [FrontierStep]
    private var layer: Layer
    /// Per node taken: which way of the layer before a way came from, and by which option.
    private var trail: [[Origin]] = []

    /// The best plan below the cap, as an option per node; nil if none was found.
    private(set) var best: [Int]?
    /// No plan is worth less, unless it is `best`; in units, what the prices take off for the limit taken off.
    private(set) var dropped: Int128 = .max
    var isTruncated: Bool { dropped < .max }

    private struct Origin {
        var way: Int32
        var option: Int32
    }

    /// Ways between two nodes, column by column.
    private struct Layer {
        var places: [Int32] = []
        var finish: [Int64] = []
        var cost: [Int64] = [0]
        var reduced: [Int64] = [0]
        /// So far the latest end, where that matters.
        var end: [Int64] = [0]
        var key: [UInt64] = [0]

        var count: Int { cost.count }

        static let empty = Layer(cost: [], reduced: [], end: [], key: [])
    }

    /// - Parameters:
    ///   - value: nil when the cost alone counts.
    ///   - worthCap: only plans of less value are looked for; nil: as for the cost.
    init?(
        _ sweep: CostSweep, limit: Int64, cap: Int64, value: Value? = nil, worthCap: Int64? = nil, width: Int
    ) {
        guard let reduced = ReducedCosts(sweep), let windows = TimeWindows(sweep.network, limit: limit) else {
            return nil
        }
        network = sweep.network
        self.reduced = reduced
        self.windows = windows
        self.limit = limit
        self.cap = cap
        self.value = value
        self.worthCap = worthCap ?? cap
        self.width = width
        room = Int64(clamping: (Int128(cap) - 1) * Int128(sweep.units.scale) - reduced.reference)
        guard room >= 0,
            let steps = FrontierStep.plan(network, windows, limit: value == nil ? limit : windows.earliestEnd)
        else { return nil }
        self.steps = steps
        layer = Layer()
    }

    /// Returns false when `meter` was used up before the end.
    mutating func search(_ meter: inout Meter) -> Bool {
        for step in steps {
            take(step, &meter)
            guard !meter.isOver else { return false }
            guard layer.count > 0 else { return true }
        }
        finish()
        return true
    }

    private mutating func finish() {
        var least: (worth: Int64, way: Int)?
        for way in 0..<layer.count {
            let worth = value.map { $0(layer.cost[way], layer.end[way]) } ?? layer.cost[way]
            if worth < least?.worth ?? worthCap { least = (worth, way) }
        }
        guard let least else { return }
        var options = [Int](repeating: 0, count: network.nodes.count)
        var way = least.way
        for (step, origins) in zip(steps, trail).reversed() {
            options[step.node] = Int(origins[way].option)
            way = Int(origins[way].way)
        }
        best = options
    }

    /// Takes every way on to every option of the step's node.
    private mutating func take(_ step: FrontierStep, _ meter: inout Meter) {
        let node = network.nodes[step.node]
        var next = Layer.empty
        var origins: [Origin] = []
        for way in 0..<layer.count {
            meter.spend(2 + node.options.count / 2 + node.placeCount * (1 + step.edges.count))
            for place in 0..<node.placeCount where node.first[place] < node.first[place + 1] {
                guard let there = arrival(of: way, at: place, step) else { continue }
                let rest = windows.after[windows.start[step.node] + place]
                for option in node.first[place]..<node.first[place + 1] {
                    let end = Network.plus(there.begin, node.options[option].time)
                    guard Network.plus(end, rest) <= limit else { break }
                    let sum = there.reduced + reduced.option[step.node][option]
                    let cost = Network.plus(there.cost, node.options[option].cost)
                    guard sum <= room, cost < cap else { continue }
                    origins.append(Origin(way: Int32(way), option: Int32(option)))
                    next.cost.append(cost)
                    next.reduced.append(sum)
                    next.end.append(value == nil ? 0 : max(layer.end[way], max(end, windows.earliestEnd)))
                    next.key.append(remember(way, step, place, end, in: &next))
                }
            }
        }
        let chosen = undominated(next, width: step.kept.count, &meter)
        trail.append(chosen.map { origins[$0] })
        layer = picked(next, chosen, width: step.kept.count)
    }

    /// What a way comes to when the step's node is in the place, its own options aside; nil if that is too dear.
    private func arrival(
        of way: Int, at place: Int, _ step: FrontierStep
    ) -> (reduced: Int64, cost: Int64, begin: Int64)? {
        let node = network.nodes[step.node]
        var sum = layer.reduced[way]
        var cost = Network.plus(layer.cost[way], node.entryCost[place])
        var begin = node.entryTime[place]
        for edge in step.edges {
            let from = way * step.slots + edge.slot
            guard let table = network.edges[edge.edge].table else {
                begin = max(begin, layer.finish[from])
                continue
            }
            let cell = Int(layer.places[from]) * table.columns + place
            if !reduced.way[edge.edge].isEmpty { sum += reduced.way[edge.edge][cell] }
            cost = Network.plus(cost, table.cost(at: cell))
            begin = max(begin, Network.plus(layer.finish[from], table.time(at: cell)))
        }
        return sum <= room ? (sum, cost, begin) : nil
    }

    /// Writes down where the nodes are that others wait for, and when they end. Returns a number for their places.
    private func remember(_ way: Int, _ step: FrontierStep, _ place: Int, _ end: Int64, in next: inout Layer) -> UInt64
    {
        var key: UInt64 = 0
        for slot in step.kept {
            let old = way * step.slots + slot.old
            let (place, finish) = slot.old < 0 ? (Int32(place), end) : (layer.places[old], layer.finish[old])
            next.places.append(place)
            next.finish.append(max(finish, slot.harmless[Int(place)]))
            key = key &* slot.radix &+ (slot.isPlaceOfUse ? UInt64(place) : 0)
        }
        return key
    }

    private func picked(_ whole: Layer, _ chosen: [Int], width: Int) -> Layer {
        var layer = Layer()
        layer.cost = chosen.map { whole.cost[$0] }
        layer.reduced = chosen.map { whole.reduced[$0] }
        layer.end = chosen.map { whole.end[$0] }
        layer.key = chosen.map { whole.key[$0] }
        layer.places.reserveCapacity(chosen.count * width)
        layer.finish.reserveCapacity(chosen.count * width)
        for way in chosen {
            layer.places += whole.places[way * width..<(way + 1) * width]
            layer.finish += whole.finish[way * width..<(way + 1) * width]
        }
        return layer
    }

    /// Ways that no other one of the same places beats; of too many the most promising.
    private mutating func undominated(_ layer: Layer, width slots: Int, _ meter: inout Meter) -> [Int] {
        let sorted = (0..<layer.count).sorted { a, b in
            if layer.key[a] != layer.key[b] { return layer.key[a] < layer.key[b] }
            if layer.cost[a] != layer.cost[b] { return layer.cost[a] < layer.cost[b] }
            return a < b
        }
        meter.spend(layer.count * 8)
        var kept: [Int] = []
        var groupStart = 0
        var key: UInt64?
        for way in sorted {
            if layer.key[way] != key {
                key = layer.key[way]
                groupStart = kept.count
            }
            // The cheapest ones beat most.
            let rivals = groupStart..<min(kept.count, groupStart + Self.mostRivals)
            meter.spend(rivals.count)
            let isBeaten = rivals.contains { rival in
                let other = kept[rival]
                guard layer.end[other] <= layer.end[way] else { return false }
                return (0..<slots).allSatisfy { layer.finish[other * slots + $0] <= layer.finish[way * slots + $0] }
            }
            if !isBeaten { kept.append(way) }
        }
        guard kept.count > width else { return kept }
        kept.sort { (layer.reduced[$0], $0) < (layer.reduced[$1], $1) }
        dropped = min(dropped, reduced.reference + Int128(layer.reduced[kept[width]]))
        return Array(kept[..<width])
    }

    private static let mostRivals = 40
}
