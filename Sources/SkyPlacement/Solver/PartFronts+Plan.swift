extension PartFronts {
    struct Join {
        var ways: [(part: Int, pair: Int, way: Way)]
        var node: Int
        var option: Int
    }

    /// If the whole is two parts and a node, and costs and times are looked for by themselves, the best plan can be told
    /// without making the whole's front. An inner nil: there is no plan.
    func joined() -> Join?? {
        guard case .series(let first, let v, let second) = bounds.plan.parts[bounds.root].made else { return nil }
        if case .least = goal { return nil }
        let node = network.nodes[v]
        var best: (rank: (Int64, Int64), join: Join)?
        for place in 0..<node.placeCount {
            let (a, b) = (
                fronts[first].ways[fronts[first].range(place)], fronts[second].ways[fronts[second].range(place)]
            )
            guard !a.isEmpty, !b.isEmpty else { continue }
            for option in node.first[place]..<node.first[place + 1] {
                let own = Network.plus(node.options[option].cost, node.entryCost[place])
                for way in a {
                    let head = Way(cost: way.cost + own, delay: way.delay + node.options[option].time)
                    var index: Int
                    switch goal {
                    case .fastest: index = b.firstIndex(costing: cap - head.cost)
                    default: index = b.firstIndex(laterThan: bounds.limit - head.delay) - 1
                    }
                    guard b.indices.contains(index) else { continue }
                    let whole = Way(cost: head.cost + b[index].cost, delay: head.delay + b[index].delay)
                    guard whole.cost <= cap, whole.delay <= bounds.limit else { continue }
                    if let best, best.rank <= goal.rank(whole) { continue }
                    best = (
                        goal.rank(whole),
                        Join(ways: [(first, place, way), (second, place, b[index])], node: v, option: option)
                    )
                }
            }
        }
        return .some(best?.join)
    }

    mutating func finish(_ join: Join?) {
        guard let join else { return }
        var options = [Int](repeating: 0, count: network.nodes.count)
        options[join.node] = join.option
        trace(join.ways, &options)
        best = options
    }

    /// Finds out which options ways are made of.
    func trace(_ ways: [(part: Int, pair: Int, way: Way)], _ options: inout [Int]) {
        var open = ways
        while let (index, pair, way) = open.popLast() {
            switch bounds.plan.parts[index].made {
            case .edge, .entry, .exit: break
            case .parallel(let one, let other):
                for part in [one, other] {
                    let all = fronts[part].ways[fronts[part].range(pair)]
                    open.append((part, pair, all[all.firstIndex(laterThan: way.delay) - 1]))
                }
            case .series(let first, let v, let second):
                open += split(way, pair, index, first, v, second, nil, &options)
            case .sided(let stem, let v, let arm, let side, let isExit):
                let (first, second) = isExit ? (stem, arm) : (arm, stem)
                open += split(way, pair, index, first, v, second, (side, isExit), &options)
            }
        }
    }

    private func split(
        _ whole: Way, _ pair: Int, _ index: Int, _ first: Int, _ v: Int, _ second: Int,
        _ sided: (part: Int, isExit: Bool)?, _ options: inout [Int]
    ) -> [(part: Int, pair: Int, way: Way)] {
        let columns = bounds.columns(index)
        let (row, column) = (pair / columns, pair % columns)
        let node = network.nodes[v]
        for place in 0..<node.placeCount {
            let (firstPair, secondPair) = (row * node.placeCount + place, place * columns + column)
            let a = fronts[first].ways[fronts[first].range(firstPair)]
            let b = fronts[second].ways[fronts[second].range(secondPair)]
            for option in node.first[place]..<node.first[place + 1] {
                let own = Way(
                    cost: Network.plus(node.options[option].cost, node.entryCost[place]),
                    delay: node.options[option].time)
                for way in a {
                    let rest = Way(cost: whole.cost - own.cost - way.cost, delay: whole.delay - own.delay - way.delay)
                    // Delays are all different.
                    let next = b.firstIndex(laterThan: rest.delay) - 1
                    guard next >= b.startIndex, b[next].delay == rest.delay else { continue }
                    guard let sided else {
                        guard b[next].cost == rest.cost else { continue }
                        options[v] = option
                        return [(first, firstPair, way), (second, secondPair, b[next])]
                    }
                    let sides = fronts[sided.part].ways[fronts[sided.part].range(place)]
                    let spent = own.delay + (sided.isExit ? way.delay : b[next].delay)
                    let side = sides.firstIndex(laterThan: bounds.limit - spent) - 1
                    guard side >= sides.startIndex, b[next].cost + sides[side].cost == rest.cost else { continue }
                    options[v] = option
                    return [
                        (first, firstPair, way), (second, secondPair, b[next]), (sided.part, place, sides[side]),
                    ]
                }
            }
        }
        preconditionFailure("a way that is made of nothing")
    }
}
