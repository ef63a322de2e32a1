/// Goes along the moves of a `TimeGrid` with exact times and places, which leads to plans: to all that are of interest, unless
/// there were more ways than `width` between two steps. Of two ways whose last nodes are in the same places only the one stays that is
/// cheaper and ends sooner, if there is such a one; what the grid says of the rest makes most of them not worth following.
struct GridPlans {
    private struct Way {
        var cost: Int64
        /// The least that any plan costs that goes on from here.
        var bound: Int64
        /// The way of the grid that it is one of.
        var state: Int32
        var from: Int32
        var option: Int32
    }

    /// All ways between two steps; where and when the nodes of the frontier are, way by way.
    private struct Layer {
        var ways: [Way] = []
        var finish: [Int64] = []
        var places: [Int32] = []
    }

    private let frame: TimeGridFrame
    private let grid: TimeGrid
    private let crossings: [[StepCrossing]]
    private let width: Int
    private let cap: Int64

    private var ways = [Way(cost: 0, bound: 0, state: 0, from: 0, option: 0)]
    private var finish: [Int64] = []
    private var places: [Int32] = []
    private var trail: [[Way]] = []

    /// The best plan below the cap, as an option per node; nil if none was found.
    private(set) var best: [Int]?
    /// No other plan costs less.
    private(set) var dropped = Network.none

    private static let stepsPerLook = 4
    private static let stepsPerWay = 25
    private static let mostRivals = 60

    /// - Parameter crossings: from each place alone.
    init(_ frame: TimeGridFrame, _ grid: TimeGrid, _ crossings: [[StepCrossing]], cap: Int64, width: Int) {
        (self.frame, self.grid, self.crossings, self.cap, self.width) = (frame, grid, crossings, cap, width)
    }

    /// Returns false when `meter` was used up before the end.
    mutating func search(_ meter: inout Meter) -> Bool {
        for number in frame.steps.indices {
            take(number, &meter)
            guard !meter.isOver else { return false }
            guard !ways.isEmpty else { return true }
        }
        guard let least = ways.indices.min(by: { ways[$0].cost < ways[$1].cost }) else { return true }
        var options = [Int](repeating: 0, count: frame.network.nodes.count)
        var number = least
        for (step, ways) in zip(frame.steps, trail).reversed() {
            options[step.node] = Int(ways[number].option)
            number = Int(ways[number].from)
        }
        best = options
        return true
    }

    private mutating func take(_ number: Int, _ meter: inout Meter) {
        let step = frame.steps[number]
        let node = frame.network.nodes[step.node]
        let start = frame.windows.start[step.node]
        let (layer, rest) = (grid.layers[number], grid.layers[number + 1].rest)
        var next = GridPlans.Layer()
        var looked = 0
        for (index, way) in ways.enumerated() {
            var (known, cost, begin) = (-1, Int64(0), Int64(0))
            for move in layer.moves[layer.range(of: Int(way.state))] {
                looked += 1
                let option = node.options[Int(move.option)]
                if option.place != known {
                    (known, (cost, begin)) = (option.place, arrival(number, index, option.place))
                }
                let whole = Network.plus(way.cost, Network.plus(cost, option.cost))
                let bound = Network.plus(whole, rest[Int(move.to)])
                let end = Network.plus(begin, option.time)
                guard bound < cap, Network.plus(end, frame.windows.after[start + option.place]) <= frame.limit else {
                    continue
                }
                next.ways.append(
                    Way(cost: whole, bound: bound, state: move.to, from: Int32(index), option: move.option))
                remember(index, step, option.place, end, in: &next)
            }
        }
        meter.spend(looked * Self.stepsPerLook + next.ways.count * Self.stepsPerWay + ways.count)
        let chosen = undominated(next, slots: step.kept.count, &meter)
        ways = chosen.map { next.ways[$0] }
        (finish, places) = ([], [])
        for way in chosen {
            finish += next.finish[(way * step.kept.count)..<((way + 1) * step.kept.count)]
            places += next.places[(way * step.kept.count)..<((way + 1) * step.kept.count)]
        }
        trail.append(ways)
    }

    private func remember(_ way: Int, _ step: FrontierStep, _ place: Int, _ end: Int64, in next: inout Layer) {
        for slot in step.kept {
            let old = way * step.slots + slot.old
            let (place, time) = slot.old < 0 ? (Int32(place), end) : (places[old], finish[old])
            next.finish.append(max(time, slot.harmless[Int(place)]))
            next.places.append(slot.isPlaceOfUse ? place : 0)
        }
    }

    /// What it takes for the node to be in a place, and when it can begin there.
    private func arrival(_ number: Int, _ way: Int, _ place: Int) -> (cost: Int64, begin: Int64) {
        let step = frame.steps[number]
        let node = frame.network.nodes[step.node]
        var (cost, begin) = (node.entryCost[place], node.entryTime[place])
        for crossing in crossings[number] {
            let from = way * step.slots + crossing.slot
            guard crossing.columns > 0 else {
                begin = max(begin, finish[from])
                continue
            }
            let figures = crossing.figures[Int(places[from]) * crossing.columns + place]
            cost = Network.plus(cost, figures.cost)
            begin = max(begin, Network.plus(finish[from], figures.time))
        }
        return (cost, begin)
    }

    private mutating func undominated(_ next: Layer, slots: Int, _ meter: inout Meter) -> [Int] {
        let ways = next.ways
        func places(_ way: Int) -> ArraySlice<Int32> { next.places[(way * slots)..<((way + 1) * slots)] }
        let order = ways.indices.sorted { a, b in
            for slot in 0..<slots where next.places[a * slots + slot] != next.places[b * slots + slot] {
                return next.places[a * slots + slot] < next.places[b * slots + slot]
            }
            return (ways[a].cost, a) < (ways[b].cost, b)
        }
        var kept: [Int] = []
        var (groupStart, compared) = (0, 0)
        for way in order {
            if let last = kept.last, !places(last).elementsEqual(places(way)) { groupStart = kept.count }
            var isBeaten = false
            for rival in kept[groupStart...].prefix(Self.mostRivals) where !isBeaten {
                compared += 1
                isBeaten = (0..<slots).allSatisfy { next.finish[rival * slots + $0] <= next.finish[way * slots + $0] }
            }
            if !isBeaten { kept.append(way) }
        }
        meter.spend(compared * 2 + order.count * 10)
        guard kept.count > width else { return kept }
        kept.sort { (ways[$0].bound, $0) < (ways[$1].bound, $1) }
        dropped = min(dropped, ways[kept[width]].bound)
        return Array(kept[..<width])
    }
}
