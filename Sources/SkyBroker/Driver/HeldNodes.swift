import SkyCore
import SkyProviders
import SkyRuntime
import Synchronization

/// What a driver remembers of the nodes that its run holds, so that a node that works for one stage after the other need not
/// be connected to anew, nor its lease be renewed, for each. Nothing of it matters: a driver that starts anew knows none of it.
final class HeldNodes: Sendable {
    /// A node, by its group's token and its rank.
    struct Key: Hashable {
        let token: String
        let rank: Int
    }

    private struct Memory {
        var idle: [Key: any NodeAgent] = [:]
        /// When the lease of all nodes of a group was renewed last; of one just rented, when it was asked for.
        var renewals: [String: Instant] = [:]
        /// The last job that has ended there.
        var jobs: [Key: String] = [:]
        /// Stores that nodes could not fetch from, by the token of an attempt.
        var outOfReach: [String: Set<String>] = [:]
    }

    private let memory = Mutex(Memory())

    /// A connection that has served another stage; nil when there is none. It is the caller's now, and may have broken.
    func takeConnection(to node: Key) -> (any NodeAgent)? { memory.withLock { $0.idle.removeValue(forKey: node) } }

    /// For the next stage on the node.
    func keep(_ connection: any NodeAgent, to node: Key) async {
        let old = memory.withLock { $0.idle.updateValue(connection, forKey: node) }
        await old?.close()
    }

    /// All that the job has printed is here.
    func jobEnded(_ job: String, on node: Key) { memory.withLock { $0.jobs[node] = job } }

    /// Of a stage before; its end is in the journal.
    func formerJob(on node: Key) -> String? { memory.withLock { $0.jobs[node] } }

    func isOutOfReach(_ store: String, of token: String) -> Bool {
        memory.withLock { $0.outOfReach[token]?.contains(store) ?? false }
    }

    func foundOutOfReach(_ store: String, of token: String) {
        memory.withLock { _ = $0.outOfReach[token, default: []].insert(store) }
    }

    func leaseRenewed(of token: String, at moment: Instant) { memory.withLock { $0.renewals[token] = moment } }

    func lastRenewal(of token: String) -> Instant? { memory.withLock { $0.renewals[token] } }

    /// The group is being given back.
    func forget(_ token: String) async {
        let idle = memory.withLock { memory in
            memory.renewals[token] = nil
            memory.outOfReach[token] = nil
            memory.jobs = memory.jobs.filter { $0.key.token != token }
            let keys = memory.idle.keys.filter { $0.token == token }
            return keys.compactMap { memory.idle.removeValue(forKey: $0) }
        }
        for connection in idle { await connection.close() }
    }
}
