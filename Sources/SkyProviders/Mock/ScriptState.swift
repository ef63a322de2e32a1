import SkyCore

/// What a scripted provider remembers between calls, brokers and crashes. Pure: time comes in, decisions go out.
struct ScriptState: Hashable, Sendable, Codable {
    /// When the provider was first used.
    var startedAt: Instant?
    /// How often each rule has been met by a call it matches.
    var matches: [String: Int] = [:]
    var window: Window?
    /// Groups let in but perhaps not made yet, so that two at once cannot both take the last place.
    var admitted: [String: Holding] = [:]
    /// Groups that will be taken away.
    var preemptions: [String: Preemption] = [:]

    struct Window: Hashable, Sendable, Codable {
        var start: Instant
        var calls: Int
    }

    struct Holding: Hashable, Sendable, Codable {
        var region: String
        var nodes: Int
    }

    struct Preemption: Hashable, Sendable, Codable {
        /// How long after the group came up.
        var after: TimeSpan
        /// Nil until it has come up.
        var due: Instant?
        /// How long before that the provider says so.
        var notice: TimeSpan?
    }
}

/// What the script has in store for one `provision`.
struct ProvisionFate: Equatable {
    /// The provider did not have the group before.
    var isNew = false
    var latency = TimeSpan.zero
    var refusal: ProviderError?
    var failsToBoot = false
    var losesReply = false
}

extension ScriptState {
    /// Why this call is refused before it is looked at, whatever it asks for.
    mutating func admitCall(_ script: ProviderScript, provider: String, at now: Instant) -> ProviderError? {
        let start = startedAt ?? now
        startedAt = start
        if fires(script.credentialFailures, "credentials", for: nil, script, at: now) {
            return ProviderError(.credentials, provider: provider, "the script says that the account is not known")
        }
        guard let limit = script.rateLimit else { return nil }
        var current = window ?? Window(start: now, calls: 0)
        // A clock that was set back would otherwise keep one window open for ever.
        if now - current.start >= limit.period || now < current.start { current = Window(start: now, calls: 0) }
        current.calls += 1
        window = current
        guard current.calls > limit.calls else { return nil }
        return ProviderError(
            .transient, provider: provider, "rate limit: more than \(limit.calls) calls in \(limit.period)")
    }

    /// Decides about one `provision`. `held` is what the provider holds now; a group that is there already is neither
    /// out of stock nor over quota.
    mutating func decide(
        _ request: NodeGroupRequest, held: [NodeGroup], _ script: ProviderScript, provider: String, at now: Instant
    ) -> ProvisionFate {
        var fate = ProvisionFate()
        fate.latency = latency(script.provisionLatency, "provision", script)
        fate.isNew = !held.contains { $0.token == request.token }
        if fate.isNew {
            fate.refusal = refusal(of: request, held: held, script, provider: provider, at: now)
            guard fate.refusal == nil else { return fate }
            admitted[request.token] = Holding(region: request.region, nodes: request.numNodes)
            fate.failsToBoot = fires(script.bootFailures, "boot", for: request, script, at: now)
            if !fate.failsToBoot { preemptions[request.token] = preemption(of: request, script, at: now) }
        }
        fate.losesReply = !fate.failsToBoot && fires(script.lostReplies, "reply", for: request, script, at: now)
        return fate
    }

    /// The group is up: its time, if it has one, runs from now.
    mutating func cameUp(_ token: String, at now: Instant) {
        admitted[token] = nil
        guard let preemption = preemptions[token], preemption.due == nil else { return }
        preemptions[token]?.due = now + preemption.after
    }

    mutating func forget(_ token: String) {
        admitted[token] = nil
        preemptions[token] = nil
    }

    /// Groups whose time has come, in the order of their tokens.
    func due(at now: Instant) -> [String] {
        preemptions.filter { $0.value.due.map { $0 <= now } ?? false }.keys.sorted()
    }

    /// When the group will be taken, as far as the provider has said so by now.
    func interruption(of token: String, at now: Instant) -> Instant? {
        guard let preemption = preemptions[token], let due = preemption.due, let notice = preemption.notice,
            due - now <= notice
        else { return nil }
        return due
    }

    mutating func latency(_ range: SpanRange, _ what: String, _ script: ProviderScript) -> TimeSpan {
        guard range.least != range.most else { return range.least }
        return range.at(Fate.draw(script.seed, "latency/\(what)", count("latency/\(what)")))
    }

    /// Whether this call gives nothing back.
    mutating func refusesEnd(_ script: ProviderScript, at now: Instant) -> Bool {
        fires(script.terminateFailures, "terminate", for: nil, script, at: now)
    }

    private mutating func refusal(
        of request: NodeGroupRequest, held: [NodeGroup], _ script: ProviderScript, provider: String, at now: Instant
    ) -> ProviderError? {
        if let quota = script.quotas.first(where: { exceeds($0, with: request, held: held) }) {
            let limits = [quota.groups.map { "\($0) groups" }, quota.nodes.map { "\($0) nodes" }].compactMap { $0 }
            return ProviderError(
                .quota, provider: provider,
                "the quota in \(request.region) is \(limits.joined(separator: " and "))")
        }
        guard fires(script.stockouts, "stockout", for: request, script, at: now) else { return nil }
        return ProviderError(
            .noCapacity, provider: provider,
            "no \(request.instanceType) left in \(request.zone ?? request.region) now")
    }

    private func exceeds(_ quota: Quota, with request: NodeGroupRequest, held: [NodeGroup]) -> Bool {
        guard quota.region == nil || quota.region == request.region else { return false }
        var holdings = admitted
        for group in held where group.state != .lost {
            holdings[group.token] = Holding(region: group.region, nodes: group.nodes.count)
        }
        holdings[request.token] = nil
        let here = holdings.values.filter { $0.region == request.region }
        if let groups = quota.groups, here.count + 1 > groups { return true }
        if let nodes = quota.nodes, here.reduce(request.numNodes, { $0 + $1.nodes }) > nodes { return true }
        return false
    }

    private mutating func preemption(
        of request: NodeGroupRequest, _ script: ProviderScript, at now: Instant
    ) -> Preemption? {
        var found: Preemption?
        for (index, preemption) in script.preemptions.enumerated() {
            let name = "preemption/\(index)"
            guard let count = matched(preemption.rule, name, for: request, script, at: now), found == nil else {
                continue
            }
            found = Preemption(
                after: preemption.after.at(Fate.draw(script.seed, "\(name)/after", count)), due: nil,
                notice: preemption.notice)
        }
        return found
    }

    /// Every rule that matches counts the call, also behind one that has already decided: what a rule does must not
    /// depend on the rules before it.
    private mutating func fires(
        _ rules: [FaultRule], _ what: String, for request: NodeGroupRequest?, _ script: ProviderScript,
        at now: Instant
    ) -> Bool {
        var fired = false
        for (index, rule) in rules.enumerated()
        where matched(rule, "\(what)/\(index)", for: request, script, at: now) != nil {
            fired = true
        }
        return fired
    }

    /// The number of the call, counted from 1 among those the rule is about, if the rule strikes it.
    private mutating func matched(
        _ rule: FaultRule, _ name: String, for request: NodeGroupRequest?, _ script: ProviderScript, at now: Instant
    ) -> Int? {
        if let request, !rule.concerns(request) { return nil }
        let count = count(name)
        if let first = rule.first, count > first { return nil }
        if let lasting = rule.lasting, let startedAt, now - startedAt >= lasting { return nil }
        if let probability = rule.probability, Fate.draw(script.seed, name, count) >= probability { return nil }
        return count
    }

    private mutating func count(_ name: String) -> Int {
        matches[name, default: 0] += 1
        return matches[name, default: 0]
    }
}
