import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// The same numbers for the same seed, on every machine (SplitMix64).
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
    mutating func within(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &self) }
}

/// A market that looks like the real one: providers with regions on continents, families of machines that not all of
/// them have, regional mark-ups, egress from nothing (in a region) over cents (in a provider) to a dime and more.
struct MadeUpWorld: OfferSource {
    private struct Region {
        var location: Location
        var provider: Int
        var continent: Int
        var markup: Double
    }

    private var regions: [Region] = []
    private var numbers: [Location: Int] = [:]
    private var cents: [[Double]] = []
    private var gigabits: [[Double]] = []
    /// By family.
    private(set) var shelves: [[Offer]] = []

    static let families = 12

    init(seed: UInt64, providers: Int = 6, regions count: Int = 120, typesPerFamily: Int = 2) {
        var dice = Dice(state: seed)
        for number in 0..<count {
            let provider = number * providers / count
            let location = Location(provider: "cloud\(provider)", region: "region-\(number)")
            numbers[location] = number
            regions.append(
                Region(
                    location: location, provider: provider, continent: dice.below(4),
                    markup: dice.below(3) == 0 ? 1 : (dice.within(1...1.35) * 100).rounded() / 100))
        }
        let internet = (0..<providers).map { _ in [5, 8, 8.5, 8.7, 9, 12][dice.below(6)] }
        for from in regions {
            cents.append(
                regions.map { to in
                    if from.location == to.location { return 0 }
                    if from.provider != to.provider { return internet[from.provider] + (from.continent > 1 ? 3 : 0) }
                    return from.continent == to.continent ? Double(1 + from.provider % 2) : from.continent > 1 ? 5 : 2
                })
            gigabits.append(
                regions.map { to in
                    if from.location == to.location { return 10 }
                    return from.provider == to.provider
                        ? (dice.within(20...60)).rounded() / 10 : (dice.within(3...30)).rounded() / 10
                })
        }
        for family in 0..<Self.families { shelves.append(shelf(family, typesPerFamily, providers, &dice)) }
    }

    private func shelf(_ family: Int, _ types: Int, _ providers: Int, _ dice: inout Dice) -> [Offer] {
        let base = dice.within(0.2...30)
        let sellers = Set((0..<providers).filter { _ in dice.below(10) < 6 } + [dice.below(providers)])
        var result: [Offer] = []
        for provider in sellers.sorted() {
            for type in 0..<types {
                // The first type of a family is the slow one; the others are quicker and dearer, not all of them worth it.
                let price = base * (type == 0 ? dice.within(0.8...1.3) : dice.within(1.2...4))
                for region in regions where region.provider == provider {
                    result.append(
                        Offer(
                            provider: region.location.provider, region: region.location.region,
                            instanceType: "f\(family)-\(type)",
                            accelerator: AcceleratorCount(name: "f\(family)-\(type % 3)", count: 1), cpus: 8,
                            memoryGiB: 32,
                            pricePerHour: Money(nanodollars: Int64(price * region.markup * 1e6) * 1000)))
                }
            }
        }
        return result
    }

    func offers(for request: ResourceRequest) -> [Offer] { shelves[Int(request.instanceType ?? "") ?? 0] }
    func explainNoOffer(for request: ResourceRequest) -> String { "nothing there" }

    func pricePerGigabyte(from: Location, to: Location) -> Money {
        guard let a = numbers[from], let b = numbers[to] else { return .zero }
        return Money(nanodollars: Int64(cents[a][b] * 1e7))
    }

    func gigabitsPerSecond(from: Location, to: Location) -> Double {
        guard let a = numbers[from], let b = numbers[to] else { return 1 }
        return gigabits[a][b]
    }
}

/// The shapes that are measured.
enum Shape: String, CaseIterable {
    case chain, tree, diamonds, fan, ladder, random, layered, seriesParallel

    /// Which stages each stage reads from.
    func sources(_ count: Int, degree: Double, _ dice: inout Dice) -> [[Int]] {
        if self == .seriesParallel { return Self.seriesParallel(count, &dice) }
        let own = self
        return (0..<count).map { v in
            guard v > 0 else { return [] }
            switch own {
            case .chain: return [v - 1]
            case .tree: return [dice.below(v)]
            case .diamonds:
                switch v % 3 {
                case 0: return [v - 2, v - 1].filter { $0 >= 0 }
                case 1: return [v - 1]
                default: return [v - 2]
                }
            case .fan: return v == count - 1 ? Array(1..<v) : [0]
            // Two side by side, which both read from both before them: narrow, and not series-parallel.
            case .ladder: return [v - v % 2 - 2, v - v % 2 - 1].filter { $0 >= 0 }
            case .random:
                let chosen = (0..<v).filter { _ in dice.within(0...1) < degree / Double(count - 1) * 2 }
                return chosen.isEmpty && dice.below(4) > 0 ? [dice.below(v)] : chosen
            case .layered:
                let layer = v / 20
                guard layer > 0 else { return [] }
                return Set((0..<3).map { _ in (layer - 1) * 20 + dice.below(20) }).sorted()
            case .seriesParallel: return []
            }
        }
    }

    /// Two stages one after the other, and then again and again one more: on a way, or beside one.
    private static func seriesParallel(_ count: Int, _ dice: inout Dice) -> [[Int]] {
        var edges: [(from: Int, to: Int)] = [(0, 1)]
        for v in 2..<max(count, 2) {
            let index = dice.below(edges.count)
            let edge = edges[index]
            if dice.below(2) == 0 { edges.remove(at: index) }
            edges += [(edge.from, v), (v, edge.to)]
        }
        // Stages are numbered as they were made; reading what comes later in the list is fine.
        return (0..<count).map { v in edges.filter { $0.to == v }.map(\.from).sorted() }
    }
}

extension MadeUpWorld {
    /// A pipeline of the shape whose artifacts have up to so many gigabytes.
    func pipeline(_ shape: Shape, stages count: Int, degree: Double = 2, gigabytes: Double, seed: UInt64) -> Pipeline {
        var dice = Dice(state: seed)
        let sources = shape.sources(count, degree: degree, &dice)
        let stages = sources.enumerated().map { v, reads in
            let family = dice.below(Self.families)
            var stage = SkySpec.Stage(name: "s\(v)")
            stage.resources.instanceType = "\(family)"
            let hours = dice.within(0.1...8)
            stage.estimate = DurationEstimate(
                perAccelerator: (0..<3).map { speed in
                    DurationEstimate.PerAccelerator(
                        accelerator: AcceleratorCount(name: "f\(family)-\(speed)", count: 1),
                        duration: .seconds(Int64(hours * 3600 / [1, 1.7, 2.9][speed])))
                })
            let size = dice.within(0...1) * dice.within(0...1) * gigabytes * 1e9
            stage.outputs = [StageOutput(name: "out", size: DataSize(bytes: Int64(size)))]
            stage.inputs = reads.map { StageInput(name: "i\($0)", source: .output(stage: "s\($0)", artifact: "out")) }
            return stage
        }
        return Pipeline(name: "\(shape)", stages: stages, directory: "/")
    }
}
