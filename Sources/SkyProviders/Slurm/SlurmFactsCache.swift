public import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What clusters said of themselves when they were last asked, in files `<cluster>.json`: so that planning need not wait
/// for them.
public struct SlurmFactsCache: Sendable {
    private let folder: String

    private struct Entry: Codable {
        var version = 1
        /// Another way to the cluster may lead to another cluster.
        var way: String
        var askedAt: Instant
        /// Nil when it did not answer.
        var facts: SlurmFacts?
    }

    /// How long an answer holds, and how long no answer does.
    private static let lifetime = TimeSpan.seconds(12 * 3600)
    private static let lifetimeOfSilence = TimeSpan.seconds(300)

    public init(folder: String) { self.folder = folder }

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
            let lifetime = known?.facts == nil ? Self.lifetimeOfSilence : Self.lifetime
            if let known, now - known.askedAt < lifetime {
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

    private func load(_ cluster: SlurmCluster) -> Entry? {
        guard let bytes = (try? Files.read("\(folder)/\(cluster.name).json")) ?? nil,
            let entry = try? JSONDecoder().decode(Entry.self, from: Data(bytes)), entry.version == 1,
            entry.way == cluster.wayText
        else { return nil }
        return entry
    }

    /// It is a cache: what cannot be kept is asked again.
    private func save(_ facts: SlurmFacts?, of cluster: SlurmCluster, at now: Instant) {
        let entry = Entry(way: cluster.wayText, askedAt: now, facts: facts)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(entry), (try? Files.makeFolder(folder, mode: 0o700)) != nil else { return }
        try? Files.replace("\(folder)/\(cluster.name).json", with: data, durability: .processes)
    }
}

extension SlurmCluster {
    fileprivate var wayText: String {
        let login = login.map { [$0.user ?? "", $0.destination, "\($0.port ?? 0)", $0.sshConfig ?? ""] } ?? []
        return (login + [configuration ?? "", commands ?? ""]).joined(separator: " ")
    }
}
