/// Takes all ways of a `TimeGrid` on by one node.
struct GridStep {
    private let frame: TimeGridFrame
    private let step: FrontierStep
    private let node: Network.Node
    private let crossings: [StepCrossing]
    private let after: ArraySlice<Int64>
    private let groupOfPlace: [Int32]
    private let harmless: [[Int64]]
    private let grain: Int64
    private let cap: Int64
    private let prices: Int
    private let room: Int64
    private var sums: MoveSums

    private(set) var next = TimeGrid.Layer()
    /// Ways to go on that were looked at.
    private(set) var looked = 0

    /// Numbers of ways of `next`, by a hash of where and when they are; 0: none, otherwise one more.
    private var index = [Int32](repeating: 0, count: 1 << 12)
    private var finish: [Int64]
    private var places: [Int32]

    init(_ frame: TimeGridFrame, _ groups: PlaceGroups, _ number: Int, grain: Int64, cap: Int64) {
        self.frame = frame
        step = frame.steps[number]
        node = frame.network.nodes[step.node]
        crossings = groups.crossings[number]
        groupOfPlace = groups.groupOfPlace[step.node]
        harmless = groups.harmless[number]
        after = frame.windows.after[frame.windows.start[step.node]..<frame.windows.start[step.node + 1]]
        self.grain = grain
        self.cap = cap
        (prices, room) = (frame.prices, frame.room(below: cap))
        sums = MoveSums(frame, groups, number)
        finish = [Int64](repeating: 0, count: step.kept.count)
        places = [Int32](repeating: 0, count: step.kept.count)
    }

    /// Adds the layer's moves: all that reduced costs leave open.
    mutating func take(_ layer: inout TimeGrid.Layer) {
        layer.first = [0]
        layer.first.reserveCapacity(layer.count + 1)
        for way in 0..<layer.count {
            begin(way, &layer)
            layer.first.append(Int32(layer.moves.count))
        }
    }

    /// Adds the layer's moves: those of the coarser grid, as far as they are still in time.
    ///
    /// - Parameters:
    ///   - coarse: the same layer of the coarser grid.
    ///   - onwards: the one after it.
    mutating func take(_ layer: inout TimeGrid.Layer, _ coarse: TimeGrid.Layer, _ onwards: TimeGrid.Layer) {
        layer.first = [0]
        layer.first.reserveCapacity(layer.count + 1)
        for way in 0..<layer.count {
            refine(way, &layer, coarse, onwards)
            layer.first.append(Int32(layer.moves.count))
        }
    }

    /// What it takes to come to a place, times apart.
    private func arrival(_ way: Int, _ place: Int, _ layer: TimeGrid.Layer) -> (cost: Int64, begin: Int64) {
        var (cost, begin) = (node.entryCost[place], node.entryTime[place])
        for crossing in crossings {
            let from = way * step.slots + crossing.slot
            guard crossing.columns > 0 else {
                begin = max(begin, layer.finish[from])
                continue
            }
            let figures = crossing.figures[Int(layer.places[from]) * crossing.columns + place]
            cost = Network.plus(cost, figures.cost)
            begin = max(begin, Network.plus(layer.finish[from], figures.time))
        }
        return (cost, begin)
    }

    private mutating func begin(_ way: Int, _ layer: inout TimeGrid.Layer) {
        let before = way * prices
        for place in 0..<node.placeCount where node.first[place] < node.first[place + 1] {
            looked += 1
            sums.look(from: way, toPlace: place, layer)
            guard (0..<prices).allSatisfy({ layer.sums[before + $0] + sums.ways[$0] <= room }) else { continue }
            let (cost, begin) = arrival(way, place, layer)
            for option in node.first[place]..<node.first[place + 1] {
                let end = Network.plus(begin, node.options[option].time)
                guard Network.plus(end, after[after.startIndex + place]) <= frame.limit else { break }
                looked += 1
                sums.look(at: option)
                let isOpen = (0..<prices).allSatisfy { layer.sums[before + $0] + sums.sums[$0] <= room }
                let whole = Network.plus(cost, node.options[option].cost)
                guard isOpen, layer.cost[way] + whole < cap else { continue }
                let to = arrive(way, layer, place, end, cost: layer.cost[way] + whole, coarse: 0)
                layer.moves.append(.init(option: Int32(option), to: Int32(to), cost: whole))
            }
        }
    }

    private mutating func refine(
        _ way: Int, _ layer: inout TimeGrid.Layer, _ coarse: TimeGrid.Layer, _ onwards: TimeGrid.Layer
    ) {
        var (known, cost, begin) = (-1, Int64(0), Int64(0))
        for move in coarse.moves[coarse.range(of: Int(layer.coarse[way]))] {
            looked += 1
            let option = node.options[Int(move.option)]
            if option.place != known { (known, (cost, begin)) = (option.place, arrival(way, option.place, layer)) }
            let end = Network.plus(begin, option.time)
            let whole = Network.plus(cost, option.cost)
            guard Network.plus(end, after[after.startIndex + option.place]) <= frame.limit,
                layer.cost[way] + Network.plus(whole, onwards.rest[Int(move.to)]) < cap
            else { continue }
            guard
                sums.isOpen(
                    from: way, to: Int(move.option), layer, before: Int(move.to), onwards.restSums, room: room)
            else { continue }
            let to = arrive(way, layer, option.place, end, cost: layer.cost[way] + whole, coarse: move.to)
            layer.moves.append(.init(option: move.option, to: Int32(to), cost: whole))
        }
    }

    /// The way of `next` that has this node end there and then, and is one of this way of the coarser grid: what leads
    /// nowhere from that may still lead somewhere from another. Bounds of those that are alike are the least of theirs.
    private mutating func arrive(
        _ way: Int, _ layer: TimeGrid.Layer, _ place: Int, _ end: Int64, cost: Int64, coarse: Int32
    ) -> Int {
        let hash = state(way, layer, place, end, coarse)
        if next.count * 2 >= index.count { grow() }
        var cell = Int(truncatingIfNeeded: hash & UInt64(index.count - 1))
        while index[cell] != 0 {
            let known = Int(index[cell]) - 1
            if next.coarse[known] == coarse, isSame(known) {
                next.cost[known] = min(next.cost[known], cost)
                for price in 0..<prices {
                    let sum = layer.sums[way * prices + price] + sums.sums[price]
                    next.sums[known * prices + price] = min(next.sums[known * prices + price], sum)
                }
                return known
            }
            cell = (cell + 1) & (index.count - 1)
        }
        index[cell] = Int32(next.count + 1)
        hashes.append(hash)
        next.places += places
        next.finish += finish
        next.cost.append(cost)
        next.coarse.append(coarse)
        for price in 0..<prices { next.sums.append(layer.sums[way * prices + price] + sums.sums[price]) }
        return next.count - 1
    }

    /// Where and when the nodes of the frontier are then, into `places` and `finish`; and a hash of that.
    private mutating func state(
        _ way: Int, _ layer: TimeGrid.Layer, _ place: Int, _ end: Int64, _ coarse: Int32
    ) -> UInt64 {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 &+ UInt64(truncatingIfNeeded: coarse)
        for (number, slot) in step.kept.enumerated() {
            let old = way * step.slots + slot.old
            let (group, time) = slot.old < 0 ? (groupOfPlace[place], end) : (layer.places[old], layer.finish[old])
            // Rounded at once, or once more: a multiple stays what it is.
            let rounded = max(time, harmless[number][Int(group)]) / grain * grain
            places[number] = slot.isPlaceOfUse ? group : 0
            finish[number] = rounded
            hash = (hash ^ UInt64(bitPattern: rounded &+ Int64(places[number]) << 48)) &* 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 32
        }
        return hash
    }

    private var hashes: [UInt64] = []

    private func isSame(_ way: Int) -> Bool {
        let start = way * step.kept.count
        for slot in 0..<step.kept.count
        where next.finish[start + slot] != finish[slot] || next.places[start + slot] != places[slot] {
            return false
        }
        return true
    }

    private mutating func grow() {
        index = [Int32](repeating: 0, count: index.count * 4)
        for (way, hash) in hashes.enumerated() {
            var cell = Int(truncatingIfNeeded: hash & UInt64(index.count - 1))
            while index[cell] != 0 { cell = (cell + 1) & (index.count - 1) }
            index[cell] = Int32(way + 1)
        }
    }
}
