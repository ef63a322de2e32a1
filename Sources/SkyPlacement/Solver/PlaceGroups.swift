/// Which places of its nodes a `TimeGrid` tells apart, and what that makes of the ways between them: of all that are taken together
/// the least, so that bounds stay bounds.
struct PlaceGroups {
    /// Per node.
    let groupOfPlace: [[Int32]]
    /// Per step: the edges that come in, row by row of groups.
    let crossings: [[StepCrossing]]
    /// Per step, slot and group: to end sooner is of no use.
    let harmless: [[[Int64]]]

    /// Each place alone.
    init(_ frame: TimeGridFrame) {
        groupOfPlace = frame.network.nodes.map { Array(0..<Int32($0.placeCount)) }
        crossings = frame.steps.map { step in step.edges.map { StepCrossing($0, frame.network, frame.reduced) } }
        harmless = frame.steps.map { $0.kept.map(\.harmless) }
    }

    /// Up to `size` places of a provider together that follow each other by name, as those of one continent mostly do; nil
    /// where that is no help.
    init?(_ fine: PlaceGroups, _ frame: TimeGridFrame, size: Int) {
        let network = frame.network
        guard network.nodes.allSatisfy({ $0.locations.count == $0.placeCount }) else { return nil }
        var counts: [Int] = []
        let groups = network.nodes.map { node -> [Int32] in
            var known: [Int32: (group: Int32, members: Int)] = [:]
            var count: Int32 = 0
            let groups = node.locations.map { location in
                let provider = network.providerOfLocation[Int(location)]
                var current = known[provider] ?? (group: 0, members: size)
                if current.members == size {
                    current = (group: count, members: 0)
                    count += 1
                }
                current.members += 1
                known[provider] = current
                return current.group
            }
            counts.append(Int(count))
            return groups
        }
        guard zip(counts, network.nodes).contains(where: { $0 < $1.placeCount }) else { return nil }
        var frontier: [Int] = []
        var crossings: [[StepCrossing]] = []
        var harmless: [[[Int64]]] = []
        for (number, step) in frame.steps.enumerated() {
            crossings.append(
                fine.crossings[number].map { crossing in
                    let from = frontier[crossing.slot]
                    return StepCrossing(
                        crossing, groupOfPlace: groups[from], groups: counts[from], prices: frame.reduced.count)
                })
            frontier = step.kept.map { $0.old < 0 ? step.node : frontier[$0.old] }
            harmless.append(
                zip(step.kept, frontier).map { slot, node in
                    var least = [Int64](repeating: Int64.max, count: counts[node])
                    for (place, group) in groups[node].enumerated() {
                        least[Int(group)] = min(least[Int(group)], slot.harmless[place])
                    }
                    return least
                })
        }
        (groupOfPlace, self.crossings, self.harmless) = (groups, crossings, harmless)
    }
}
