import SkyCatalog
import SkyCore

/// Makes the solver's network of stages, their candidates and what flows between them.
struct NetworkBuilder {
    /// Stages that ask for the same have the same places; the ways between two such lists are worked out once.
    private struct Lists: Hashable {
        var from: [Int]
        var to: [Int]
    }

    private struct Known {
        var ways: Ways
        /// Per kind of way its number in the geography.
        var rates: [Int]
    }

    private var known: [Lists: Known] = [:]

    static func network(
        _ stages: [StageChoices], _ links: StageLinks, _ geography: inout Geography, _ rates: some TransferRates
    ) -> Network {
        var builder = NetworkBuilder()
        var entries = [[PlacementProblem.Flow]](repeating: [], count: stages.count)
        var moved: [[Int]: [PlacementProblem.Flow]] = [:]
        for flow in links.flows where flow.size > .zero {
            switch flow.source {
            case .place: entries[flow.reader].append(flow)
            case .stage(let source): moved[[source, flow.reader], default: []].append(flow)
            }
        }
        let nodes = stages.indices.map { index in
            builder.node(stages[index], index, entries: entries[index], &geography, rates)
        }
        let edges = links.pairs.map { link in
            let flows = moved[[link.from, link.to]] ?? []
            return Network.Edge(
                from: link.from, to: link.to,
                table: flows.isEmpty ? nil : builder.table(flows, link.from, link.to, &geography, rates))
        }
        var providers: [String: Int32] = [:]
        let providerOfLocation = geography.locations.map { location in
            let number = providers[location.provider] ?? Int32(providers.count)
            providers[location.provider] = number
            return number
        }
        return Network(nodes: nodes, edges: edges, order: links.order, providerOfLocation: providerOfLocation)
    }

    private func node(
        _ stage: StageChoices, _ index: Int, entries: [PlacementProblem.Flow], _ geography: inout Geography,
        _ rates: some TransferRates
    ) -> Network.Node {
        let places = geography.placesOfStage[index]
        var fromOutside: [Int: [PlacementProblem.Flow]] = [:]
        for flow in entries { fromOutside[geography.origin(of: flow.source, []), default: []].append(flow) }
        geography.learn(from: fromOutside.keys.sorted(), to: places, rates)
        let (options, first) = Frontier(stage, places: geography.placeOfCandidate[index])
            .flattened(placeCount: places.count)
        let crossings = places.map { place in
            fromOutside.reduce(into: (cost: Int64(0), time: Int64(0))) { sum, entry in
                let rate = geography.rates[Int(geography.kind(from: entry.key, to: place))]
                let (cost, time) = Self.crossing(entry.value, rate)
                sum = (Network.plus(sum.cost, cost), max(sum.time, time))
            }
        }
        return Network.Node(
            options: options, first: first, entryCost: crossings.map(\.cost), entryTime: crossings.map(\.time),
            locations: places.map(Int32.init))
    }

    private mutating func table(
        _ moved: [PlacementProblem.Flow], _ from: Int, _ to: Int, _ geography: inout Geography,
        _ rates: some TransferRates
    ) -> TransferTable {
        let lists = Lists(from: geography.placesOfStage[from], to: geography.placesOfStage[to])
        if known[lists] == nil {
            geography.learn(from: lists.from, to: lists.to, rates)
            known[lists] = Self.ways(lists, geography)
        }
        guard let known = known[lists] else { preconditionFailure("ways that were just made") }
        let crossings = known.rates.map { Self.crossing(moved, geography.rates[$0]) }
        return TransferTable(ways: known.ways, costs: crossings.map(\.cost), times: crossings.map(\.time))
    }

    private static func ways(_ lists: Lists, _ geography: Geography) -> Known {
        var number = [Int32](repeating: -1, count: geography.rates.count)
        var rates: [Int] = []
        var kinds: [Int32] = []
        kinds.reserveCapacity(lists.from.count * lists.to.count)
        for source in lists.from {
            for target in lists.to {
                let rate = Int(geography.kind(from: source, to: target))
                if number[rate] < 0 {
                    number[rate] = Int32(rates.count)
                    rates.append(rate)
                }
                kinds.append(number[rate])
            }
        }
        var column = [Int: Int32]()
        for (position, target) in lists.to.enumerated() { column[target] = Int32(position) }
        return Known(
            ways: Ways(
                columns: lists.to.count, kinds: kinds,
                prices: priceRanks(of: rates.map { geography.rates[$0].egress }),
                sameColumn: lists.from.map { column[$0] ?? -1 }),
            rates: rates)
    }

    /// A number per price: the same for equal ones, and rising with the least that a gigabyte can cost. So whatever has
    /// a higher number than a flat price is never cheaper than it, however much is moved.
    private static func priceRanks(of prices: [EgressPrice]) -> [Int64] {
        func least(_ price: EgressPrice) -> Int64 {
            price.allowance > .zero ? 0 : price.tiers.map(\.perGigabyte.nanodollars).min() ?? 0
        }
        var first: [EgressPrice: Int] = [:]
        for (index, price) in prices.enumerated() where first[price] == nil { first[price] = index }
        let sorted = first.sorted { (least($0.key), $0.value) < (least($1.key), $1.value) }
        let ranks = Dictionary(
            zip(sorted.map(\.key), sorted.indices), uniquingKeysWith: { first, _ in first })
        return prices.map { Int64(ranks[$0] ?? 0) }
    }

    /// Several artifacts on one way each have to be paid for, and travel side by side.
    private static func crossing(_ moved: [PlacementProblem.Flow], _ rate: Geography.Rate) -> (cost: Int64, time: Int64)
    {
        var (cost, time): (Int64, Int64) = (0, 0)
        for flow in moved {
            cost = Network.plus(cost, min(rate.cost(of: flow.size).nanodollars, Network.none))
            time = max(time, rate.time(of: flow.size).milliseconds)
        }
        return (cost, time)
    }
}
