import SkyCore
import SkyProviders
import SkyStorage
import SkyTestSupport

@testable import SkyBroker

/// The world as a simulated run meets it: what is rented, what runs and what is stored, with faults by seed.
///
/// It breaks no promise that adapters make (the same token is the same group), and complains when the driver's side
/// breaks one of ours.
struct SimulatedCloud {
    struct Faults {
        var refusal = 0.0
        var lostReply = 0.0
        var preemption = 0.0
        var jobFailure = 0.0
        var lostArtifact = 0.0
    }

    var faults: Faults
    var random: SeededGenerator
    private(set) var groups: [String: NodeGroup] = [:]
    private(set) var runningJobs: Set<String> = []
    private(set) var endedJobs: [String: Int] = [:]
    private(set) var stored: Set<ArtifactDigest> = []
    private(set) var jobStarts: [String: Int] = [:]
    private(set) var violations: [String] = []
    private var gone: Set<String> = []

    init(seed: UInt64, faults: Faults) {
        self.faults = faults
        random = SeededGenerator(seed: seed)
    }

    mutating func happens(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

    mutating func provision(_ id: AttemptID, provider: String, region: String) throws(ProviderError) -> NodeGroup {
        if let known = groups[id.token] { return known }
        if gone.contains(id.token) { throw ProviderError(.lost, provider: provider, "preempted") }
        if happens(faults.refusal) {
            let kinds: [ProviderError.Kind] = [.noCapacity, .quota, .credentials, .transient]
            throw ProviderError(kinds.randomElement(using: &random) ?? .transient, provider: provider, "refused")
        }
        let others = groups.values.filter { $0.token.contains("--\(id.stage)--") }
        if !others.isEmpty { violations.append("two groups at once for stage \(id.stage)") }
        let node = Node(id: "n", rank: 0, address: "127.0.0.1")
        let group = NodeGroup(
            token: id.token, run: id.run, provider: provider, region: region, instanceType: "t", state: .running,
            nodes: [node])
        groups[id.token] = group
        if happens(faults.lostReply) { throw ProviderError(.transient, provider: provider, "the reply was lost") }
        return group
    }

    /// True when the group is still there; sometimes it has just been taken away.
    mutating func isAlive(_ id: AttemptID) -> Bool {
        guard groups[id.token] != nil else { return false }
        if happens(faults.preemption) {
            remove(id.token)
            gone.insert(id.token)
            return false
        }
        return true
    }

    mutating func startJob(_ id: AttemptID) {
        guard endedJobs[id.token] == nil, !runningJobs.contains(id.token) else { return }
        let others = runningJobs.filter { $0.contains("--\(id.stage)--") }
        if !others.isEmpty { violations.append("two jobs at once for stage \(id.stage)") }
        runningJobs.insert(id.token)
        jobStarts[id.stage, default: 0] += 1
    }

    mutating func endJob(_ id: AttemptID) -> Int {
        if let code = endedJobs[id.token] { return code }
        let code = happens(faults.jobFailure) ? 1 : 0
        runningJobs.remove(id.token)
        endedJobs[id.token] = code
        return code
    }

    mutating func terminate(_ id: AttemptID) {
        remove(id.token)
        gone.insert(id.token)
    }

    mutating func store(_ digest: ArtifactDigest) { stored.insert(digest) }

    /// True when the store still has it; sometimes it has just rotted.
    mutating func has(_ digest: ArtifactDigest) -> Bool {
        guard stored.contains(digest) else { return false }
        guard happens(faults.lostArtifact) else { return true }
        stored.remove(digest)
        return false
    }

    private mutating func remove(_ token: String) {
        groups[token] = nil
        runningJobs.remove(token)
    }
}
