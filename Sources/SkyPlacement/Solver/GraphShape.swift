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

    /// Per edge a number that it shares with all edges that are on a loop with it.
    static func blocks(_ edges: [(from: Int, to: Int)], nodeCount: Int) -> [Int] {
        var links = [[(to: Int, edge: Int)]](repeating: [], count: nodeCount)
        for (index, edge) in edges.enumerated() {
            links[edge.from].append((edge.to, index))
            links[edge.to].append((edge.from, index))
        }
        // Loops that each close with one edge: those that share an edge belong together.
        var depth = [Int](repeating: -1, count: nodeCount)
        var up = [(node: Int, edge: Int)](repeating: (-1, -1), count: nodeCount)
        for root in 0..<nodeCount where depth[root] < 0 {
            depth[root] = 0
            var queue = [root]
            var next = 0
            while next < queue.count {
                let v = queue[next]
                next += 1
                for link in links[v] where depth[link.to] < 0 {
                    depth[link.to] = depth[v] + 1
                    up[link.to] = (v, link.edge)
                    queue.append(link.to)
                }
            }
        }
        var leader = Array(edges.indices)
        func find(_ edge: Int) -> Int {
            var edge = edge
            while leader[edge] != edge {
                leader[edge] = leader[leader[edge]]
                edge = leader[edge]
            }
            return edge
        }
        for (index, edge) in edges.enumerated() where up[edge.from].edge != index && up[edge.to].edge != index {
            var (a, b) = (edge.from, edge.to)
            while a != b {
                if depth[a] < depth[b] { swap(&a, &b) }
                leader[find(up[a].edge)] = find(index)
                a = up[a].node
            }
        }
        return edges.indices.map(find)
    }
}
