import SkyCatalog
import SkyCore

extension Forest {
    /// An option per node, for the cheapest plan that has `v` in `place`; nil if there is none.
    func cheapestOptions(_ messages: CostMessages, with v: Int, in place: Int) -> [Int]? {
        guard messages.total[v][place] < Network.none else { return nil }
        var places = [Int](repeating: -1, count: nodes.count)
        places[v] = place
        var child = v
        // Towards the root, what is not behind the child decides with the way to it.
        while child != root {
            let parent = nodes[child].parent
            var best = (cost: Int64.max, place: 0)
            for (there, total) in messages.total[parent].enumerated() where total < Network.none {
                let sum = total - messages.up[child][there] + wayUp(child, places[child], there)
                if sum < best.cost { best = (sum, there) }
            }
            places[parent] = best.place
            child = parent
        }
        for u in order.dropFirst() where places[u] < 0 {
            var best = (cost: Int64.max, place: 0)
            for (own, cost) in messages.own[u].enumerated() where cost < Network.none {
                let sum = cost + wayUp(u, own, places[nodes[u].parent])
                if sum < best.cost { best = (sum, own) }
            }
            places[u] = best.place
        }
        return nodes.indices.map { nodes[$0].first[places[$0] + 1] - 1 }
    }

    /// What the way between a node's place and its parent's costs.
    private func wayUp(_ v: Int, _ own: Int, _ there: Int) -> Int64 {
        guard let table = nodes[v].parentTable else { return 0 }
        return nodes[v].feedsParent ? table.cost(from: own, to: there) : table.cost(from: there, to: own)
    }
}

extension PlacementProblem {
    /// For each stage the candidates of the cheapest plan in which it is in another region or of another type than in
    /// `chosen`, whatever the time: all at once, from one solution. An entry is nil if the stage can be nowhere else; the
    /// whole is nil if the pipeline has loops, whose runners-up have to be searched for one by one.
    func cheapestRunnersUp(to chosen: [Candidate]) -> [[Candidate]?]? {
        guard let (forest, messages) = Solver(network, effort: effort).messages else { return nil }
        return stages.indices.map { index in
            let own = chosen[index]
            var best: (cost: Int64, candidate: Candidate, place: Int)?
            for candidate in stages[index].candidates.shortlist.lazy.map(\.candidate)
            where candidate.location != own.location || candidate.offer.instanceType != own.offer.instanceType {
                let place = geography.placeOfCandidate[index][candidate.index]
                let least = forest.nodes[index].leastCost(at: place)
                let total = messages.total[index][place]
                guard least < Network.none, total < Network.none else { continue }
                let node = network.nodes[index]
                let price = Network.plus(node.entryCost[place], self.price(of: candidate, ofStage: index).nanodollars)
                let cost = Network.plus(total - least, price)
                if let known = best,
                    known.cost < cost || known.cost == cost && !candidate.isPreferred(to: known.candidate)
                {
                    continue
                }
                best = (cost, candidate, place)
            }
            guard let best, best.cost < Network.none,
                let options = forest.cheapestOptions(messages, with: index, in: best.place)
            else { return nil }
            var candidates = stages.indices.map {
                stages[$0].candidates[network.nodes[$0].options[options[$0]].candidate]
            }
            candidates[index] = best.candidate
            return candidates
        }
    }
}
