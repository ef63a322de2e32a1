/// The undirected shape of a set of edges: whether it has loops, and which nodes to decide first so that none is left.
enum GraphShape {
    /// The edges, by index, that make no loop with those before them.
    static func spanningForest(_ edges: [(from: Int, to: Int)], nodeCount: Int) -> [Int] {
        var leader = Array(0..<nodeCount)
        func find(_ v: Int) -> Int {
            var v = v
            while leader[v] != v {
                leader[v] = leader[leader[v]]
                v = leader[v]
            }
            return v
        }
        return edges.indices.filter { index in
            let (a, b) = (find(edges[index].from), find(edges[index].to))
            leader[a] = b
            return a != b
        }
    }

    /// A small set of nodes on all loops: those with the most edges first, of equals the one with the fewest options.
    static func loopCutset(_ edges: [(from: Int, to: Int)], optionCounts: [Int]) -> [Int] {
        var alive = [Bool](repeating: true, count: optionCounts.count)
        var cutset: [Int] = []
        func degree(_ v: Int) -> Int {
            edges.count { ($0.from == v && alive[$0.to]) || ($0.to == v && alive[$0.from]) }
        }
        while true {
            while let leaf = alive.indices.first(where: { alive[$0] && degree($0) < 2 }) { alive[leaf] = false }
            let rest = alive.indices.filter { alive[$0] }
            guard
                let next = rest.min(by: { (-degree($0), optionCounts[$0], $0) < (-degree($1), optionCounts[$1], $1) })
            else { return cutset }
            cutset.append(next)
            alive[next] = false
        }
    }
}
