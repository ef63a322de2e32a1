public import SkyCore
import SkyRuntime

/// What clusters said of their nodes when they were last asked.
public struct KubernetesFactsCache: Sendable {
    private let files: AnswerFiles<KubernetesFacts>

    /// Clusters grow and shrink by the minute.
    public init(folder: String) { files = AnswerFiles(folder: folder, lifetime: .seconds(1800)) }

    /// The clusters with what is known of them, however old.
    public func known(_ clusters: KubernetesClusters) -> KubernetesClusters {
        var filled = clusters
        for index in filled.clusters.indices { filled.clusters[index].facts = load(filled.clusters[index])?.facts }
        return filled
    }

    /// The clusters with what is known of them; those of which nothing is, or of which it is long ago, are asked.
    ///
    /// - Parameter asksAnyway: all are asked, however fresh their answers.
    public func filled(
        _ clusters: KubernetesClusters, now: Instant, asksAnyway: Bool = false,
        asking: @escaping @Sendable (String) async -> KubernetesFacts?
    ) async -> KubernetesClusters {
        await withTaskGroup(of: (Int, KubernetesFacts?).self) { tasks in
            for (index, cluster) in clusters.clusters.enumerated() {
                tasks.addTask {
                    let known = load(cluster)
                    if !asksAnyway, let known, files.holds(known, at: now) { return (index, known.facts) }
                    // What was known is better than nothing.
                    let facts = await asking(cluster.name) ?? known?.facts
                    save(facts, of: cluster, at: now)
                    return (index, facts)
                }
            }
            var filled = clusters
            for await (index, facts) in tasks { filled.clusters[index].facts = facts }
            return filled
        }
    }

    /// Names of contexts have all sorts of characters.
    private func name(of cluster: KubernetesCluster) -> String {
        SHA256.hex(SHA256.digest(of: Array(cluster.name.utf8)).prefix(8))
    }

    private func load(_ cluster: KubernetesCluster) -> AnswerFiles<KubernetesFacts>.Entry? {
        files.load(name(of: cluster), way: cluster.wayText)
    }

    private func save(_ facts: KubernetesFacts?, of cluster: KubernetesCluster, at now: Instant) {
        files.save(facts, of: name(of: cluster), way: cluster.wayText, at: now)
    }
}

extension KubernetesCluster {
    /// All that decides which nodes are seen, and what they are taken for.
    fileprivate var wayText: String {
        let pairs = (Array(nodeSelector) + Array(accelerators)).map { "\($0.key)=\($0.value)" }.sorted()
        return ([context, kubeconfig ?? ""] + tolerations + pairs).joined(separator: " ")
    }
}
