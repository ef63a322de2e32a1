import SkyCore
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyProviders

@Suite("What is remembered of clusters")
struct SlurmFactsCacheTests {
    private static let facts = SlurmFacts(
        clusterName: "hpc", nodes: [SlurmNodes(partition: "main", timeLimit: .hour, count: 2, cpus: 4, memory: 4000)])
    private static let hour: Int64 = 3_600_000

    private func moment(_ hours: Int64) -> Instant { Instant(millisecondsSince1970: hours * Self.hour) }

    /// What the cluster has at this moment as far as is known, and whether it was asked.
    private func look(
        _ folder: String, _ cluster: SlurmCluster, at hours: Int64, answer: SlurmFacts?
    ) async -> (facts: SlurmFacts?, wasAsked: Bool) {
        let asked = Mutex(false)
        let cache = SlurmFactsCache(folder: folder)
        let filled = await cache.filled(SlurmClusters(clusters: [cluster]), now: moment(hours)) { _ in
            asked.withLock { $0 = true }
            return answer
        }
        return (filled.clusters[0].facts, asked.withLock { $0 })
    }

    @Test(
        "a cluster is asked once in half a day; what it said is better than silence, and silence is not listened to for long"
    )
    func lifetimes() async throws {
        try await withTemporaryFolder { folder in
            let cluster = SlurmCluster(name: "hpc")
            let silent = await look(folder, cluster, at: 0, answer: nil)
            #expect(silent.facts == nil && silent.wasAsked)
            let later = await look(folder, cluster, at: 1, answer: Self.facts)
            #expect(later.facts == Self.facts && later.wasAsked)
            let soon = await look(folder, cluster, at: 12, answer: nil)
            #expect(soon.facts == Self.facts && !soon.wasAsked)
            let old = await look(folder, cluster, at: 14, answer: nil)
            #expect(old.facts == Self.facts && old.wasAsked)
            #expect(
                SlurmFactsCache(folder: folder).known(SlurmClusters(clusters: [cluster])).clusters[0].facts
                    == Self.facts)
        }
    }

    @Test("another way to a cluster may lead to another cluster")
    func ways() async throws {
        try await withTemporaryFolder { folder in
            var cluster = SlurmCluster(name: "hpc")
            _ = await look(folder, cluster, at: 0, answer: Self.facts)
            cluster.login = SSHHost(pool: "hpc", name: "login2", shape: SSHShape(cores: 0, memoryGiB: 0))
            let other = await look(folder, cluster, at: 0, answer: nil)
            #expect(other.facts == nil && other.wasAsked)
        }
    }
}
