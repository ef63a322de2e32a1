/// Goes along the moves of a `TimeGrid` with exact times, which leads to plans: to all that are of interest, unless there were
/// more ways than `width` between two steps. Of two ways whose last nodes are in the same places only the one stays that is
/// cheaper and ends sooner, if there is such a one; what the grid says of the rest makes most of them not worth following.
struct GridPlans {
    private struct Way {
        var cost: Int64
        /// The least that any plan costs that goes on from here.
        var bound: Int64
        /// In the grid.
        var place: Int32
        var from: Int32
        var option: Int32
    }

    private let frame: TimeGridFrame
    private let grid: TimeGrid
    private let crossings: [[StepCrossing]]
    private let width: Int
    private let cap: Int64

    private var ways = [Way(cost: 0, bound: 0, place: 0, from: 0, option: 0)]
    private var finish: [Int64] = []
    private var trail: [[Way]] = []

    /// The best plan below the cap, as an option per node; nil if none was found.
    private(set) var best: [Int]?
    /// No other plan costs less.
    private(set) var dropped = Network.none

    private static let stepsPerWay = 25
    private static let mostRivals = 60

    /// - Parameter grid: one that tells all places apart, of which `crossings` are.
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
        var next: [Way] = []
        var ends: [Int64] = []
        for (index, way) in ways.enumerated() {
            var (known, begin) = (-1, Int64(0))
            for move in layer.moves[layer.range(of: Int(way.place))] {
                let bound = way.cost + Network.plus(move.cost, rest[Int(move.to)])
                guard bound < cap else { continue }
                let option = node.options[Int(move.option)]
                if option.place != known {
                    (known, begin) = (option.place, arrival(number, index, Int(way.place), option.place))
                }
                let end = Network.plus(begin, option.time)
                guard Network.plus(end, frame.windows.after[start + option.place]) <= frame.limit else { continue }
                for slot in step.kept {
                    let time = slot.old < 0 ? end : finish[index * step.slots + slot.old]
                    let place = slot.old < 0 ? option.place : Int(layer.places[Int(way.place) * step.slots + slot.old])
                    ends.append(max(time, slot.harmless[place]))
                }
                next.append(
                    Way(
                        cost: way.cost + move.cost, bound: bound, place: move.to, from: Int32(index),
                        option: move.option))
            }
        }
        meter.spend(next.count * Self.stepsPerWay + ways.count)
        let chosen = undominated(next, ends, number, slots: step.kept.count, &meter)
        ways = chosen.map { next[$0] }
        finish = chosen.flatMap { ends[($0 * step.kept.count)..<(($0 + 1) * step.kept.count)] }
        trail.append(ways)
    }

    /// When the node can begin.
    private func arrival(_ number: Int, _ way: Int, _ here: Int, _ place: Int) -> Int64 {
        let (step, layer) = (frame.steps[number], grid.layers[number])
        var begin = frame.network.nodes[step.node].entryTime[place]
        for crossing in crossings[number] {
            let time = finish[way * step.slots + crossing.slot]
            guard crossing.columns > 0 else {
                begin = max(begin, time)
                continue
            }
            let from = Int(layer.places[here * step.slots + crossing.slot])
            begin = max(begin, Network.plus(time, crossing.figures[from * crossing.columns + place].time))
        }
        return begin
    }

    private mutating func undominated(
        _ ways: [Way], _ ends: [Int64], _ number: Int, slots: Int, _ meter: inout Meter
    ) -> [Int] {
        let all = grid.layers[number + 1].places
        func places(_ way: Int) -> ArraySlice<Int32> {
            all[(Int(ways[way].place) * slots)..<((Int(ways[way].place) + 1) * slots)]
        }
        let order = ways.indices.sorted { a, b in
            let (one, other) = (places(a), places(b))
            if !one.elementsEqual(other) { return one.lexicographicallyPrecedes(other) }
            return (ways[a].cost, a) < (ways[b].cost, b)
        }
        var kept: [Int] = []
        var (groupStart, compared) = (0, 0)
        for way in order {
            if let last = kept.last, !places(last).elementsEqual(places(way)) { groupStart = kept.count }
            var isBeaten = false
            for rival in kept[groupStart...].prefix(Self.mostRivals) where !isBeaten {
                compared += 1
                isBeaten = (0..<slots).allSatisfy { ends[rival * slots + $0] <= ends[way * slots + $0] }
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
