import SkyCore
import SkyRuntime

/// What hosts say is on them.
struct SSHSurvey: Sendable {
    struct Found: Sendable {
        var host: SSHHost
        var node: HostNode
    }

    struct Failure: Sendable {
        var host: SSHHost
        var failure: SSHFailure
    }

    let provider: String
    var nodes: [Found] = []
    var failures: [Failure] = []

    /// All groups of a run, or of all runs: those that hosts know of, and of `known` those that some host which does not
    /// answer may still have.
    func groups(of run: RunID?, known: [SSHGroupRecord]) -> [NodeGroup] {
        let silent = Set(failures.map(\.host.title))
        var groups: [String: NodeGroup] = [:]
        for record in known where !record.touched.filter(silent.contains).isEmpty {
            groups[record.request.token] = record.group(of: provider)
        }
        let records = Dictionary(known.map { ($0.request.token, $0) }, uniquingKeysWith: { first, _ in first })
        for (token, found) in Dictionary(grouping: nodes, by: \.node.token) where groups[token] == nil {
            groups[token] = group(found.sorted { $0.node.rank < $1.node.rank }, records[token])
        }
        return groups.values.filter { run == nil || $0.run == run }.sorted { $0.token < $1.token }
    }

    private func group(_ found: [Found], _ record: SSHGroupRecord?) -> NodeGroup? {
        guard let first = found.first, let note = NodeGroupNote(first.node.note) else { return nil }
        if let record {
            var group = record.group(of: provider)
            if found.contains(where: { $0.node.state == .lost }) { group.state = .lost }
            return group
        }
        let isWhole = Set(found.map(\.node.rank)).count == note.request.numNodes
        let isRunning = isWhole && found.allSatisfy { $0.node.state == .running }
        return NodeGroup(
            token: first.node.token, run: note.request.run, provider: provider, region: note.request.region,
            instanceType: note.request.instanceType, state: isRunning ? .running : .lost,
            createdAt: Instant(millisecondsSince1970: found.map(\.node.createdAt).min() ?? 0),
            nodes: found.map {
                note.node($0.node.rank, host: $0.host.title, address: $0.host.peerAddress ?? $0.host.destination)
            })
    }
}
