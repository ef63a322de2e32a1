import SkyCore

extension SlurmAdapter {
    /// A line for each partition of each cluster, asked now.
    public func probe() async -> [ProbedPlace] {
        var places: [ProbedPlace] = []
        for cluster in clusters.clusters {
            do throws(ProviderError) {
                var known = cluster
                known.facts = try await login(cluster.name).facts()
                places += known.places
            } catch {
                places.append(
                    ProbedPlace(region: cluster.name, name: "login", answers: false, message: error.message))
            }
        }
        return places
    }

    /// What the cluster has now.
    public func facts(of cluster: String) async throws(ProviderError) -> SlurmFacts {
        try await login(cluster).facts()
    }
}

extension SlurmCluster {
    /// Its partitions, and what may be used of them; those that slurm.yaml names and that are not there too.
    fileprivate var places: [ProbedPlace] {
        let facts = facts ?? SlurmFacts()
        let found = facts.partitions.filter { terms(in: $0) != nil }.map { name in
            let nodes = facts.nodes.filter { $0.partition == name }
            let usable = nodes.reduce(0) { $0 + $1.usable }
            let answers = nodes.contains { $0.isUp && $0.usable > 0 }
            return ProbedPlace(
                region: self.name, name: name, answers: answers,
                message: answers
                    ? Self.words(nodes, of: self, usable)
                    : "takes no jobs now: the partition is down, or all of its nodes are")
        }
        let missing = partitions.map(\.name).filter { !facts.partitions.contains($0) }.map { name in
            let hint = nearestName(to: name, among: facts.partitions).map { "; did you mean '\($0)'?" } ?? ""
            return ProbedPlace(
                region: self.name, name: name, answers: false,
                message: "the cluster has no such partition: it has \(facts.partitions.joined(separator: ", "))\(hint)")
        }
        return found + missing
    }

    private static func words(_ nodes: [SlurmNodes], of cluster: SlurmCluster, _ usable: Int) -> String {
        let total = nodes.reduce(0) { $0 + $1.count }
        let whole = cluster.machines.filter { $0.partition == nodes[0].partition && $0.parts == 1 }
        let shapes = whole.map { "\($0.count) \($0.machineType)" }.joined(separator: ", ")
        let limit = whole.compactMap(\.timeLimit).max().map { "at most \($0)" } ?? "no time limit"
        let preempted = nodes.contains(where: \.isPreemptible) ? ", may be preempted" : ""
        let out = usable < total ? ", \(total - usable) of \(total) nodes out of use" : ""
        return "\(shapes), \(limit)\(preempted)\(out)"
    }
}
