import SkyCore
import SkyProviders
import SkyRuntime
import Synchronization
import Testing

/// A provider without machines: groups are entries of a table.
final class FakeAdapter: PreemptibleAdapter {
    let provider: String
    let isStandIn = true
    private let groups = Mutex<[String: NodeGroup]>([:])
    private let nextError = Mutex<ProviderError?>(nil)
    private let made = Mutex(0)

    init(_ provider: String = "mock") { self.provider = provider }

    /// Groups made, repetitions not counted.
    var madeCount: Int { made.withLock { $0 } }

    /// The next `provision` fails.
    func failNext(_ error: ProviderError) { nextError.withLock { $0 = error } }

    func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        if let error = nextError.withLock({ error in
            defer { error = nil }
            return error
        }) {
            throw error
        }
        let new = NodeGroup(
            token: request.token, run: request.run, provider: provider, region: request.region,
            instanceType: request.instanceType, state: .running,
            nodes: (0..<request.numNodes).map { Node(id: "n\($0)", rank: $0, address: "127.0.0.1") })
        let group = groups.withLock { groups in
            let known = groups[request.token]
            groups[request.token] = known ?? new
            return known
        }
        if group == nil { made.withLock { $0 += 1 } }
        return group ?? new
    }

    func describe(token: String) async throws(ProviderError) -> NodeGroup? { groups.withLock { $0[token] } }

    func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        groups.withLock { $0.values.filter { run == nil || $0.run == run }.sorted { $0.token < $1.token } }
    }

    func terminate(token: String) async throws(ProviderError) { groups.withLock { $0[token] = nil } }

    func preempt(token: String) async throws(ProviderError) { groups.withLock { $0[token]?.state = .lost } }

    func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        throw ProviderError(.lost, provider: provider, "a fake has no machines")
    }
}

/// Time that passes only when told to, and at once for whoever sleeps.
final class ManualClock: ScriptClock {
    private struct State {
        var now = Instant(millisecondsSince1970: 1_700_000_000_000)
        var slept: [TimeSpan] = []
        var sleepers: [(until: Instant, wake: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    /// With `false`, a sleep moves time on; with `true`, it lasts until `advance` has moved it.
    let waits: Bool

    init(waits: Bool = false) { self.waits = waits }

    func now() -> Instant { state.withLock { $0.now } }

    var slept: [TimeSpan] { state.withLock { $0.slept } }

    func advance(_ span: TimeSpan) {
        let woken = state.withLock { state in
            state.now = state.now + span
            let now = state.now
            defer { state.sleepers.removeAll { $0.until <= now } }
            return state.sleepers.filter { $0.until <= now }
        }
        for sleeper in woken { sleeper.wake.resume() }
    }

    func sleep(for span: TimeSpan) async throws(CancellationError) {
        guard span > .zero else { return }
        state.withLock { $0.slept.append(span) }
        guard waits else { return advance(span) }
        await withCheckedContinuation { continuation in
            state.withLock { $0.sleepers.append(($0.now + span, continuation)) }
        }
    }
}

func request(
    _ token: String, run: String = "r", region: String = "us-east-1", zone: String? = nil, type: String = "m5.large",
    spot: Bool = false, nodes: Int = 1, port: Int? = nil, lease: TimeSpan? = nil
) throws -> NodeGroupRequest {
    NodeGroupRequest(
        token: token, run: try #require(RunID(run)), region: region, zone: zone, instanceType: type, isSpot: spot,
        numNodes: nodes, servicePort: port, lease: lease)
}

/// The kind of error that `body` ends with; nil if it does not.
func failureKind(_ body: () async throws(ProviderError) -> Void) async -> ProviderError.Kind? {
    do throws(ProviderError) {
        try await body()
        return nil
    } catch {
        return error.kind
    }
}
