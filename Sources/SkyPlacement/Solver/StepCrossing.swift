/// What the ways of one edge into a step's node come to, pair of places by pair of places.
struct StepCrossing {
    typealias Figures = (cost: Int64, time: Int64)

    /// Where the node that it comes from is in the frontier.
    let slot: Int
    /// 0: nothing is moved, and the places do not matter.
    let columns: Int
    let figures: [Figures]
    /// The same in reduced costs, at one price after the other.
    let reduced: [Int64]

    init(_ edge: FrontierStep.Edge, _ network: Network, _ reduced: [ReducedCosts]) {
        slot = edge.slot
        guard let table = network.edges[edge.edge].table else {
            (columns, figures, self.reduced) = (0, [], [])
            return
        }
        columns = table.columns
        figures = table.ways.kinds.indices.map { cell in (table.cost(at: cell), table.time(at: cell)) }
        let ways = reduced.map { $0.way[edge.edge] }
        self.reduced = figures.indices.flatMap { cell in ways.map { $0.isEmpty ? 0 : $0[cell] } }
    }

    /// The same with places that it comes from taken together: of each figure the least.
    init(_ crossing: StepCrossing, groupOfPlace: [Int32], groups: Int, prices: Int) {
        (slot, columns) = (crossing.slot, crossing.columns)
        var figures = [Figures](repeating: (cost: Network.none, time: Network.none), count: groups * columns)
        var reduced = [Int64](repeating: Network.none, count: figures.count * prices)
        for (place, group) in groupOfPlace.enumerated() where columns > 0 {
            for column in 0..<columns {
                let (from, to) = (place * columns + column, Int(group) * columns + column)
                figures[to].cost = min(figures[to].cost, crossing.figures[from].cost)
                figures[to].time = min(figures[to].time, crossing.figures[from].time)
                for price in 0..<prices {
                    let (old, new) = (from * prices + price, to * prices + price)
                    reduced[new] = min(reduced[new], crossing.reduced[old])
                }
            }
        }
        (self.figures, self.reduced) = (figures, reduced)
    }
}
