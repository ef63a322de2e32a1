/// What each choice costs more than the least that the sweep knows of, none of it negative: what an assignment costs at
/// the sweep's prices is its reference plus the reduced costs of its options and ways, to the last unit. So the sum over
/// some nodes only is a bound for all assignments that have their options there.
struct ReducedCosts {
    /// By node and option.
    private(set) var option: [[Int64]]
    /// By edge and pair of places, row by row; empty for edges that neither cost nor take anything.
    private(set) var way: [[Int64]]
    /// In units, what the sweep's prices take off for keeping the limit taken off already.
    let reference: Int128

    /// Nil unless the sweep's last pass was made with its present prices.
    init?(_ sweep: CostSweep) {
        guard let reference = sweep.reference else { return nil }
        self.reference = reference - sweep.saving
        let network = sweep.network
        option = []
        way = [[Int64]](repeating: [], count: network.edges.count)
        for (v, node) in network.nodes.enumerated() {
            // As `CostSweep` saw the node on its way back: shared among the chains that come in.
            var theta = Array(sweep.unary[sweep.start[v]..<sweep.start[v + 1]])
            for link in sweep.linksInto[v].lazy.map({ sweep.links[$0] }) {
                for place in theta.indices { theta[place] += sweep.forward[link.forward + place] }
            }
            for link in sweep.linksFrom[v].lazy.map({ sweep.links[$0] }) {
                for place in theta.indices { theta[place] += sweep.backward[link.backward + place] }
            }
            let least = theta.min() ?? 0
            let shared = theta.map { ($0 - least) / Int64(sweep.share(v)) }
            for link in sweep.linksInto[v].lazy.map({ sweep.links[$0] }) {
                way[link.edge] = Self.ways(link, sweep, shared)
            }
            let chains = Int64(sweep.linksInto[v].count)
            option.append(
                node.options.indices.map { index in
                    let place = node.options[index].place
                    return theta[place] - least - chains * shared[place] + sweep.extra[sweep.firstOption[v] + index]
                })
        }
    }

    /// - Parameter shared: what the places of the link's end bring in.
    private static func ways(_ link: CostSweep.Link, _ sweep: CostSweep, _ shared: [Int64]) -> [Int64] {
        guard let ways = sweep.network.edges[link.edge].table?.ways else { return [] }
        var result = [Int64](repeating: 0, count: ways.kinds.count)
        var least = Int64.max
        for row in 0..<ways.rows {
            let told = sweep.backward[link.backward + row]
            for column in 0..<ways.columns {
                let cell = row * ways.columns + column
                let value = sweep.values[link.values + Int(ways.kinds[cell])]
                result[cell] = shared[column] - sweep.forward[link.forward + column] + value - told
                least = min(least, result[cell])
            }
        }
        // The least of a message was counted in the reference.
        for cell in result.indices { result[cell] -= least }
        return result
    }
}
