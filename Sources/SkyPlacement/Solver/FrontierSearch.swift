/// Goes through a network node by node, keeping every way to have gone so far that can still become a plan below `cap`
/// that ends by `limit`. Of two ways whose last nodes are in the same places only the one stays that is cheaper and ends
/// sooner, if there is such a one. What is left at the end is the best plan; exact, unless there were more ways than
/// `width` between two nodes.
///
/// Only ways that reduced costs (`ReducedCosts`) and time windows leave open are kept, so that it is quick where those
/// are nearly tight, whatever the number of plans. Reduced costs at several prices of time each tell something: dear time
/// is right for those who are late already, cheap time for those who are early.
struct FrontierSearch {
    /// What a plan is worth, the less the better: its cost, or its cost and its time.
    typealias Value = (_ cost: Int64, _ time: Int64) -> Int64

    /// A way to have gone so far.
    private struct Way {
        var cost: Int64
        /// The least that any plan costs that goes on from here, in units above the first reference.
        var bound: Int64
        /// So far the latest end, where that matters.
        var end: Int64
        /// A number for the places of the frontier.
        var key: UInt64
        /// The way that it goes on from, and by which option.
        var from: Int32
        var option: Int32
    }

    /// All ways between two nodes; where and when the nodes of the frontier are, way by way.
    private struct Layer {
        var ways: [Way] = []
        /// What each has cost so far in the reduced costs at all prices, above the first reference.
        var sums: [Int64] = []
        var places: [Int32] = []
        var finish: [Int64] = []
    }

    private let network: Network
    /// At different prices of time.
    private let reduced: [ReducedCosts]
    private let windows: TimeWindows
    private let limit: Int64
    /// In units above the first reference: a plan that is of interest costs no more.
    private let room: Int64
    /// The makespan matters beside the limit.
    private let value: Value?
    private let width: Int
    /// Plans of interest cost less …
    private let cap: Int64
    /// … and are worth less.
    private let worthCap: Int64

    private let steps: [FrontierStep]
    private var layer = Layer(ways: [Way(cost: 0, bound: 0, end: 0, key: 0, from: 0, option: 0)])
    /// Per node taken: the ways that were kept.
    private var trail: [[Way]] = []

    /// The best plan below the cap, as an option per node; nil if none was found.
    private(set) var best: [Int]?
    /// No plan is worth less, unless it is `best`; in units, what the prices take off for the limit taken off.
    private(set) var dropped: Int128 = .max
    var isTruncated: Bool { dropped < .max }

    /// Steps of the meter for making a way and for comparing it with others.
    private static let stepsPerWay = 40
    /// Ways with which one is compared.
    private static let mostRivals = 40

    /// - Parameters:
    ///   - sweeps: of one network, at different prices of time, each after a pass at these.
    ///   - value: nil when the cost alone counts.
    ///   - worthCap: only plans of less value are looked for; nil: as for the cost.
    init?(
        _ sweeps: [CostSweep], limit: Int64, cap: Int64, value: Value? = nil, worthCap: Int64? = nil, width: Int
    ) {
        reduced = sweeps.compactMap(ReducedCosts.init)
        guard let first = reduced.first, let windows = TimeWindows(sweeps[0].network, limit: limit) else { return nil }
        network = sweeps[0].network
        layer.sums = reduced.map { Int64(clamping: $0.reference - first.reference) }
        self.windows = windows
        self.limit = limit
        self.cap = cap
        self.value = value
        self.worthCap = worthCap ?? cap
        self.width = width
        room = Int64(clamping: (Int128(cap) - 1) * Int128(sweeps[0].units.scale) - first.reference)
        guard room >= 0,
            let steps = FrontierStep.plan(network, limit: value == nil ? limit : windows.earliestEnd)
        else { return nil }
        self.steps = steps
    }

    /// Returns false when `meter` was used up before the end.
    mutating func search(_ meter: inout Meter) -> Bool {
        for step in steps {
            take(step, &meter)
            guard !meter.isOver else { return false }
            guard !layer.ways.isEmpty else { return true }
        }
        finish()
        return true
    }

    private mutating func finish() {
        var least: (worth: Int64, way: Int)?
        for (number, way) in layer.ways.enumerated() {
            let worth = value.map { $0(way.cost, way.end) } ?? way.cost
            if worth < least?.worth ?? worthCap { least = (worth, number) }
        }
        guard let least else { return }
        var options = [Int](repeating: 0, count: network.nodes.count)
        var number = least.way
        for (step, ways) in zip(steps, trail).reversed() {
            options[step.node] = Int(ways[number].option)
            number = Int(ways[number].from)
        }
        best = options
    }

    /// Takes every way on to every option of the step's node.
    private mutating func take(_ step: FrontierStep, _ meter: inout Meter) {
        let next = onwards(step, &meter)
        let chosen = undominated(next, slots: step.kept.count, &meter)
        layer = picked(next, chosen, slots: step.kept.count)
        trail.append(layer.ways)
    }

    private func onwards(_ step: FrontierStep, _ meter: inout Meter) -> Layer {
        let node = network.nodes[step.node]
        let crossings = step.edges.map { StepCrossing($0, network, reduced) }
        let options = reduced.map { $0.option[step.node] }
        let prices = reduced.indices
        var sums = [Int64](repeating: 0, count: prices.count)
        let after = Array(windows.after[windows.start[step.node]..<windows.start[step.node + 1]])
        var next = Layer()
        var made = 0
        for (number, way) in layer.ways.enumerated() where !meter.isOver {
            for place in 0..<node.placeCount where node.first[place] < node.first[place + 1] {
                for price in prices { sums[price] = layer.sums[number * prices.count + price] }
                var cost = Network.plus(way.cost, node.entryCost[place])
                var begin = node.entryTime[place]
                for crossing in crossings {
                    let from = number * step.slots + crossing.slot
                    guard crossing.columns > 0 else {
                        begin = max(begin, layer.finish[from])
                        continue
                    }
                    let cell = Int(layer.places[from]) * crossing.columns + place
                    let figures = crossing.figures[cell]
                    for price in prices { sums[price] += crossing.reduced[cell * prices.count + price] }
                    cost = Network.plus(cost, figures.cost)
                    begin = max(begin, Network.plus(layer.finish[from], figures.time))
                }
                guard prices.allSatisfy({ sums[$0] <= room }) else { continue }
                for option in node.first[place]..<node.first[place + 1] {
                    let end = Network.plus(begin, node.options[option].time)
                    guard Network.plus(end, after[place]) <= limit else { break }
                    let whole = Network.plus(cost, node.options[option].cost)
                    var bound = Int64.min
                    for price in prices { bound = max(bound, sums[price] + options[price][option]) }
                    guard bound <= room, whole < cap else { continue }
                    made += 1
                    for price in prices { next.sums.append(sums[price] + options[price][option]) }
                    let key = remember(number, step, place, end, in: &next)
                    next.ways.append(
                        Way(
                            cost: whole, bound: bound,
                            end: value == nil ? 0 : max(way.end, max(end, windows.earliestEnd)), key: key,
                            from: Int32(number), option: Int32(option)))
                }
            }
            meter.spend(2 + node.placeCount * (1 + crossings.count) + made * Self.stepsPerWay)
            made = 0
        }
        return next
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

    private func picked(_ whole: Layer, _ chosen: [Int], slots: Int) -> Layer {
        var layer = Layer(ways: chosen.map { whole.ways[$0] })
        for way in chosen { layer.sums += whole.sums[way * reduced.count..<(way + 1) * reduced.count] }
        layer.places.reserveCapacity(chosen.count * slots)
        layer.finish.reserveCapacity(chosen.count * slots)
        for way in chosen {
            layer.places += whole.places[way * slots..<(way + 1) * slots]
            layer.finish += whole.finish[way * slots..<(way + 1) * slots]
        }
        return layer
    }

    /// Ways that no other one of the same places beats; of too many the most promising.
    private mutating func undominated(_ layer: Layer, slots: Int, _ meter: inout Meter) -> [Int] {
        struct Rank: Comparable {
            var key: UInt64
            var cost: Int64
            var way: Int

            static func < (a: Rank, b: Rank) -> Bool {
                a.key != b.key ? a.key < b.key : a.cost != b.cost ? a.cost < b.cost : a.way < b.way
            }
        }
        let ranks = layer.ways.enumerated().map { Rank(key: $1.key, cost: $1.cost, way: $0) }.sorted()
        var kept: [Int] = []
        var groupStart = 0
        var key: UInt64?
        var compared = 0
        for rank in ranks {
            if rank.key != key { (key, groupStart) = (rank.key, kept.count) }
            var isBeaten = false
            // The cheapest ones beat most.
            for rival in kept[groupStart...].prefix(Self.mostRivals) {
                compared += 1
                guard layer.ways[rival].end <= layer.ways[rank.way].end else { continue }
                var slot = 0
                while slot < slots, layer.finish[rival * slots + slot] <= layer.finish[rank.way * slots + slot] {
                    slot += 1
                }
                isBeaten = slot == slots
                if isBeaten { break }
            }
            if !isBeaten { kept.append(rank.way) }
        }
        meter.spend(compared * 2)
        guard kept.count > width else { return kept }
        // At the price that fits best: then those who are late and those who are early stay side by side.
        kept.sort { (layer.sums[$0 * reduced.count], $0) < (layer.sums[$1 * reduced.count], $1) }
        if let first = reduced.first, let least = kept[width...].lazy.map({ layer.ways[$0].bound }).min() {
            dropped = min(dropped, first.reference + Int128(least))
        }
        return Array(kept[..<width])
    }
}
