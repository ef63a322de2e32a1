public import SkyCore
import SkyProcess

/// Any adapter, misbehaving as a script says. What goes right is done by the adapter it wraps, for real.
///
/// Preemptions come on their own while this adapter lives, and otherwise at the next call: a script has no process of
/// its own.
public struct ScriptedAdapter: BookkeepingAdapter {
    private let base: any ProviderAdapter
    private let script: ProviderScript
    private let ledger: ScriptLedger
    private let clock: any ScriptClock
    private let timers = PreemptionTimers()

    public var provider: String { base.provider }
    public var isStandIn: Bool { base.isStandIn }
    public var nodesAreContainers: Bool { base.nodesAreContainers }
    public var nodesAreHere: Bool { base.nodesAreHere }

    /// `stateFile` is where the script remembers what has happened, across restarts.
    public init(
        base: any ProviderAdapter, script: ProviderScript, stateFile: String,
        clock: any ScriptClock = SystemScriptClock()
    ) {
        self.base = base
        self.script = script
        ledger = ScriptLedger(path: stateFile)
        self.clock = clock
    }

    public func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        try await beginCall()
        let held = try await base.list(run: nil)
        let fate = try change { [provider, script, clock] state in
            state.decide(request, held: held, script, provider: provider, at: clock.now())
        }
        try await pause(fate.latency)
        if let refusal = fate.refusal { throw refusal }

        let group: NodeGroup
        do {
            group = try await base.provision(request)
        } catch {
            // A new group that did not come to be holds no place; an old one is still there.
            if fate.isNew { _ = try? change { $0.forget(request.token) } }
            throw error
        }
        if fate.failsToBoot {
            try await base.terminate(token: request.token)
            try change { $0.forget(request.token) }
            throw ProviderError(.transient, provider: provider, "a node did not boot; the group was given back")
        }
        let due = try change { [clock] state in
            state.cameUp(request.token, at: clock.now())
            return state.preemptions[request.token]?.due
        }
        if let due { await arm(request.token, due) }
        if fate.losesReply {
            throw ProviderError(.transient, provider: provider, "the connection broke before the answer came")
        }
        return try told(group)
    }

    public func describe(token: String) async throws(ProviderError) -> NodeGroup? {
        try await beginCall()
        return try await base.describe(token: token).map(told)
    }

    public func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        try await beginCall()
        return try await base.list(run: run).map(told)
    }

    /// The group with what the provider has said of its interruption.
    private func told(_ group: NodeGroup) throws(ProviderError) -> NodeGroup {
        guard group.state != .lost, !script.preemptions.isEmpty else { return group }
        var group = group
        group.interruptionAt = try change { [clock] in $0.interruption(of: group.token, at: clock.now()) }
        return group
    }

    public func terminate(token: String) async throws(ProviderError) {
        try await beginCall()
        let latency = try change { [script] in $0.latency(script.terminateLatency, "terminate", script) }
        try await pause(latency)
        let isStuck = try change { [script, clock] in $0.refusesEnd(script, at: clock.now()) }
        if isStuck { throw ProviderError(.transient, provider: provider, "the script does not let go of \(token)") }
        try await base.terminate(token: token)
        await timers.cancel(token)
        try change { $0.forget(token) }
    }

    /// What the adapter that it wraps has in its books, if that keeps any.
    public func held(token: String) async throws(ProviderError) -> HeldSpan? {
        try await beginCall()
        return try await (base as? any BookkeepingAdapter)?.held(token: token)
    }

    public func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        // No call of the provider's API: neither limited nor refused.
        try await takeBackWhatIsDue()
        return try await base.channel(to: node, of: group)
    }

    private func beginCall() async throws(ProviderError) {
        let refusal = try change { [provider, script, clock] state in
            state.admitCall(script, provider: provider, at: clock.now())
        }
        if let refusal { throw refusal }
        try await takeBackWhatIsDue()
    }

    /// Preempts what should be gone by now, and sees to it that the rest goes in time: the broker that rented it may
    /// be dead.
    private func takeBackWhatIsDue() async throws(ProviderError) {
        guard !script.preemptions.isEmpty else { return }
        let now = clock.now()
        let state = try change { $0 }
        for token in state.due(at: now) { try await preempt(token) }
        for (token, preemption) in state.preemptions {
            if let due = preemption.due, due > now { await arm(token, due) }
        }
    }

    private func arm(_ token: String, _ due: Instant) async {
        await timers.arm(token) {
            guard (try? await clock.sleep(for: due - clock.now())) != nil else { return }
            // If the disk refuses, the next call finds the group still due.
            try? await preempt(token)
        }
    }

    private func preempt(_ token: String) async throws(ProviderError) {
        if let base = base as? any PreemptibleAdapter {
            try await base.preempt(token: token)
        } else {
            try await base.terminate(token: token)
        }
        try change { $0.forget(token) }
    }

    private func pause(_ span: TimeSpan) async throws(ProviderError) {
        do { try await clock.sleep(for: span) } catch {
            throw ProviderError(.transient, provider: provider, "the call was cancelled")
        }
    }

    private func change<Result>(_ body: (inout ScriptState) -> Result) throws(ProviderError) -> Result {
        do { return try ledger.change(body) } catch { throw error.providerError(provider) }
    }
}

/// An adapter that can be told to take a group away without warning, as providers do with spot machines.
public protocol PreemptibleAdapter: ProviderAdapter {
    /// Kills all of the group at once and marks it lost. Of something unknown or already lost it does nothing.
    func preempt(token: String) async throws(ProviderError)
}

/// The preemptions to come, one task for each token.
private actor PreemptionTimers {
    private var tasks: [String: Task<Void, Never>] = [:]

    func arm(_ token: String, _ body: @escaping @Sendable () async -> Void) {
        guard tasks[token] == nil else { return }
        tasks[token] = Task {
            await body()
            self.forget(token)
        }
    }

    func cancel(_ token: String) {
        tasks.removeValue(forKey: token)?.cancel()
    }

    private func forget(_ token: String) { tasks[token] = nil }
}
