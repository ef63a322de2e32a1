import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import SkyTestSupport

/// A random small pipeline with its market, drawn so that ties, free transfers, services and shared regions are common.
struct RandomInstance {
    enum Shape: CaseIterable {
        case chain, inTree, outTree, polytree, forest, diamonds, anyGraph
    }

    var pipeline: Pipeline
    var market = Market()

    private static let places = [("a", "1"), ("a", "2"), ("b", "1"), ("c", "1")]
        .map { Location(provider: $0.0, region: $0.1) }

    /// Coarse figures make ties; fine ones make long trade-offs, and come with fewer regions so that those pile up.
    enum Grain { case coarse, fine }

    init(_ shape: Shape, seed: Int, _ grain: Grain = .coarse) {
        var random = SeededGenerator(seed: UInt64(seed))
        let count = grain == .fine ? 5 : Int.random(in: 1...6, using: &random)
        var reads = [[Int]](repeating: [], count: count)
        for v in 0..<count {
            for (from, to) in Self.links(of: v, shape, &random) { reads[to].append(from) }
        }
        let offers = count > 5 ? 3 : count > 4 ? 4 : 5
        var stages: [SkySpec.Stage] = []
        for v in 0..<count {
            var times: [String: TimeSpan] = [:]
            let shelf = (0..<(grain == .fine ? offers : Int.random(in: 1...offers, using: &random))).map { index in
                let place = random.pick(grain == .fine ? Array(Self.places.prefix(2)) : Self.places)
                let (seconds, price) = Self.figures(grain, &random)
                times["t\(index)"] = .seconds(seconds)
                return Offer.at(place.provider, place.region, "t\(index)", price)
            }
            var stage = SkySpec.Stage.named(
                "s\(v)", reads: reads[v].map { "s\($0)" },
                writes: DataSize(
                    bytes: random.pick(grain == .fine ? [0, 1, 5] : [0, 1, 50, 400, 2_000]) * 1_000_000_000),
                times: times)
            if random.chance(30) {
                let size = DataSize(bytes: Int64.random(in: 0...300_000_000_000, using: &random))
                stage.inputs.append(StageInput(name: "raw", source: .path("/raw"), size: size))
                // In a bucket of one of the places.
                let number = Int(size.bytes % Int64(2 * Self.places.count))
                if number < Self.places.count {
                    stage.inputs.append(
                        StageInput(
                            name: "far", source: .uri("s3://bucket/far"), size: size, location: Self.places[number]))
                }
            }
            if random.chance(10) {
                stage.service = ServiceSpec(port: 80, replicas: Int.random(in: 1...2, using: &random))
            }
            stage.numNodes = random.pick([1, 1, 2])
            market.shelves["s\(v)"] = shelf
            stages.append(stage)
        }
        pipeline = Pipeline(name: "random", stages: stages, directory: "/")
        for from in Self.places + [.here] {
            for to in Self.places where from != to {
                let way = Market.Way(from: from, to: to)
                market.prices[way] = usd(random.pick(["0", "0.01", "0.02", "0.087"]))
                market.bandwidths[way] = random.pick([0.3, 1, 5])
            }
        }
    }

    /// Seconds and price per hour. With fine grain quick is dear: nearly every choice is worth considering.
    private static func figures(_ grain: Grain, _ random: inout SeededGenerator) -> (seconds: Int64, price: Money) {
        guard grain == .fine else {
            let price = Money(nanodollars: Int64.random(in: 0...8, using: &random) * 1_000_000_000)
            return (Int64.random(in: 0...12, using: &random) * 600, price)
        }
        let seconds = Int64.random(in: 500...8_000, using: &random)
        let cents = 9_000 - seconds + Int64.random(in: 0...400, using: &random)
        return (seconds, Money(nanodollars: cents * 10_000_000 * 3600 / seconds))
    }

    private static func links(of v: Int, _ shape: Shape, _ random: inout SeededGenerator) -> [(Int, Int)] {
        guard v > 0 else { return [] }
        let other = Int.random(in: 0..<v, using: &random)
        switch shape {
        case .chain: return [(v - 1, v)]
        case .inTree: return [(v, other)]
        case .outTree: return [(other, v)]
        case .polytree: return [random.chance(50) ? (v, other) : (other, v)]
        case .forest: return random.chance(60) ? [random.chance(50) ? (v, other) : (other, v)] : []
        case .diamonds:
            return v % 3 == 1 ? [(v - 1, v)] : v == 2 ? [(0, v)] : [(v - 2, v)] + (v % 3 == 0 ? [(v - 1, v)] : [])
        case .anyGraph: return (0..<v).filter { _ in random.chance(50) }.map { ($0, v) }
        }
    }
}

/// Every complete choice of a small instance, counted out from the pipeline and the market without the solver's help.
struct BruteForce {
    /// The undominated (cost, time) pairs, cheapest first.
    private(set) var front: [(cost: Money, time: TimeSpan)] = []

    private let stages: [SkySpec.Stage]
    private let market: Market
    private let order: [Int]
    private var finish: [TimeSpan]
    private var place: [Location]
    private var all: Set<[Int64]> = []

    init(_ instance: RandomInstance) {
        stages = instance.pipeline.stages
        market = instance.market
        finish = stages.map { _ in .zero }
        place = stages.map { _ in .here }
        var done: [Int] = []
        let stages = stages
        while done.count < stages.count {
            done += stages.indices.filter { v in
                !done.contains(v)
                    && stages[v].inputs.allSatisfy { input in
                        guard case .output(let name, _) = input.source else { return true }
                        return done.contains { stages[$0].name == name }
                    }
            }
        }
        order = done
        count(0, .zero, .zero)
        for pair in all.sorted(by: { ($0[0], $0[1]) < ($1[0], $1[1]) })
        where pair[1] < front.last?.time.milliseconds ?? .max {
            front.append((Money(nanodollars: pair[0]), TimeSpan(milliseconds: pair[1])))
        }
    }

    private mutating func count(_ depth: Int, _ cost: Money, _ end: TimeSpan) {
        guard depth < order.count else {
            all.insert([cost.nanodollars, end.milliseconds])
            return
        }
        let v = order[depth]
        let stage = stages[v]
        for offer in market.shelves[stage.name] ?? [] {
            let nodes = stage.numNodes * (stage.service?.replicas ?? 1)
            let duration = stage.estimate.duration(on: offer.accelerator)?.expected ?? .hour
            var sum = cost + (offer.pricePerHour * nodes).perHour(for: duration)
            var start = TimeSpan.zero
            for input in stage.inputs {
                var (source, size, ready) = (input.location ?? .here, input.size ?? .zero, TimeSpan.zero)
                if case .output(let name, _) = input.source, let u = stages.firstIndex(where: { $0.name == name }) {
                    (source, size, ready) = (place[u], stages[u].outputs[0].size ?? .zero, finish[u])
                }
                sum += market.pricePerGigabyte(from: source, to: offer.location).perGigabyte(for: size)
                let speed = market.gigabitsPerSecond(from: source, to: offer.location)
                let moving = (Double(size.bytes) * 8 / (speed * 1e6)).rounded(.up)
                start = max(start, ready + TimeSpan(milliseconds: Int64(moving)))
            }
            place[v] = offer.location
            finish[v] = stage.service == nil ? start + duration : start
            count(depth + 1, sum, max(end, finish[v]))
        }
    }
}
