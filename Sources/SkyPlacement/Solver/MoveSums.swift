/// What a step's moves come to in reduced costs, at one price after the other.
struct MoveSums {
    private let slots: Int
    private let crossings: [StepCrossing]
    private let places: [Int]
    private let options: [Int64]
    private let prices: Int

    /// Of the move that was looked at last.
    private(set) var sums: [Int64]
    /// The same without its option: of the ways that lead to its place.
    private(set) var ways: [Int64]
    private var known = (way: -1, place: -1)

    init(_ frame: TimeGridFrame, _ groups: PlaceGroups, _ number: Int) {
        let node = frame.steps[number].node
        (slots, crossings) = (frame.steps[number].slots, groups.crossings[number].filter { $0.columns > 0 })
        places = frame.network.nodes[node].options.map(\.place)
        prices = frame.prices
        options = places.indices.flatMap { option in frame.reduced.map { $0.option[node][option] } }
        sums = [Int64](repeating: 0, count: prices)
        ways = sums
    }

    /// Looks at what leads to a place.
    mutating func look(from way: Int, toPlace place: Int, _ layer: TimeGrid.Layer) {
        guard known != (way, place) else { return }
        known = (way, place)
        for price in 0..<prices { ways[price] = 0 }
        for crossing in crossings {
            let cell = Int(layer.places[way * slots + crossing.slot]) * crossing.columns + place
            for price in 0..<prices { ways[price] += crossing.reduced[cell * prices + price] }
        }
    }

    /// Looks at an option in the place that was looked at.
    mutating func look(at option: Int) {
        for price in 0..<prices { sums[price] = ways[price] + options[option * prices + price] }
    }

    /// Looks at a move, and tells whether what its way has taken before and what the coarser or later way `to` takes on to the end
    /// leave room for it at every price.
    mutating func isOpen(
        from way: Int, to option: Int, _ layer: TimeGrid.Layer, before to: Int, _ restSums: [Int64], room: Int64
    ) -> Bool {
        look(from: way, to: option, layer)
        let (mine, its) = (way * prices, to * prices)
        return (0..<prices).allSatisfy { layer.sums[mine + $0] + sums[$0] + restSums[its + $0] <= room }
    }

    private mutating func look(from way: Int, to option: Int, _ layer: TimeGrid.Layer) {
        look(from: way, toPlace: places[option], layer)
        look(at: option)
    }
}
