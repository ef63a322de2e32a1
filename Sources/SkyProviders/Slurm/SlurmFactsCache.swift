public import SkyCore

/// What clusters said of themselves when they were last asked, in files `<cluster>.json`.
public struct SlurmFactsCache: Sendable {
    private let files: AnswerFiles<SlurmFacts>

    public init(folder: String) { files = AnswerFiles(folder: folder, lifetime: .seconds(12 * 3600)) }

    /// The clusters with what is known of them, however old.
    public func known(_ clusters: SlurmClusters) -> SlurmClusters {
        var filled = clusters
        for index in filled.clusters.indices { filled.clusters[index].facts = load(filled.clusters[index])?.facts }
        return filled
    }

    /// The clusters with what is known of them; those of which nothing is, or of which it is long ago, are asked.
    public func filled(
        _ clusters: SlurmClusters, now: Instant, asking: @Sendable (String) async -> SlurmFacts?
    ) async -> SlurmClusters {
        var filled = clusters
        for index in filled.clusters.indices {
            let cluster = filled.clusters[index]
            let known = load(cluster)
            if let known, files.holds(known, at: now) {
                filled.clusters[index].facts = known.facts
                continue
            }
            let facts = await asking(cluster.name)
            // What was known is better than nothing.
            filled.clusters[index].facts = facts ?? known?.facts
            save(facts ?? known?.facts, of: cluster, at: now)
        }
        return filled
    }

    /// Asks all of them now.
    public func refresh(
        _ clusters: SlurmClusters, now: Instant, asking: @Sendable (String) async -> SlurmFacts?
    ) async {
        for cluster in clusters.clusters {
            if let facts = await asking(cluster.name) { save(facts, of: cluster, at: now) }
        }
    }

    private func load(_ cluster: SlurmCluster) -> AnswerFiles<SlurmFacts>.Entry? {
        files.load(cluster.name, way: cluster.wayText)
    }

    private func save(_ facts: SlurmFacts?, of cluster: SlurmCluster, at now: Instant) {
        files.save(facts, of: cluster.name, way: cluster.wayText, at: now)
    }
}

extension SlurmCluster {
    fileprivate var wayText: String {
        let login = login.map { [$0.user ?? "", $0.destination, "\($0.port ?? 0)", $0.sshConfig ?? ""] } ?? []
        return (login + [configuration ?? "", commands ?? ""]).joined(separator: " ")
    }
}
