public import SkyCore

/// How providers misbehave, as a `mock.yaml` says: the whole file.
///
/// Nothing in it is left to chance: the k-th call that a rule matches meets the same fate in every run with one seed.
public struct MockScript: Hashable, Sendable {
    public var seed: UInt64
    /// By provider name. A provider that is not here behaves well.
    public var providers: [String: ProviderScript]

    public init(seed: UInt64 = 0, providers: [String: ProviderScript] = [:]) {
        self.seed = seed
        self.providers = providers
    }

    /// The provider's own part; nil when the file says nothing about it.
    public func script(for provider: String) -> ProviderScript? {
        guard var script = providers[provider] else { return nil }
        script.seed = Fate.seed(seed, provider)
        return script
    }
}

/// How one provider misbehaves.
public struct ProviderScript: Hashable, Sendable {
    public var seed: UInt64 = 0
    /// How long calls take before they answer.
    public var provisionLatency = SpanRange.none
    public var terminateLatency = SpanRange.none
    public var rateLimit: RateLimit?
    public var quotas: [Quota] = []
    /// Any call fails: the provider does not know the account.
    public var credentialFailures: [FaultRule] = []
    /// `provision` finds no capacity.
    public var stockouts: [FaultRule] = []
    /// `provision` makes the nodes, one of them never comes up, and all are given back.
    public var bootFailures: [FaultRule] = []
    /// `provision` makes the group, and then its answer never arrives.
    public var lostReplies: [FaultRule] = []
    /// `terminate` fails, and the group stays as it is.
    public var terminateFailures: [FaultRule] = []
    /// The provider takes a running group back.
    public var preemptions: [PreemptionRule] = []

    public init() {}
}

/// Both ends included; the moment between is drawn.
public struct SpanRange: Hashable, Sendable {
    public var least: TimeSpan
    public var most: TimeSpan

    public init(_ least: TimeSpan, _ most: TimeSpan) {
        self.least = least
        self.most = most
    }

    public static let none = SpanRange(.zero, .zero)

    /// Where `fraction` (0..<1) of the way from least to most is.
    func at(_ fraction: Double) -> TimeSpan {
        let width = Double(most.milliseconds - least.milliseconds)
        return TimeSpan(milliseconds: least.milliseconds + Int64((width * fraction).rounded()))
    }
}

/// More than `calls` API calls within `period` fail as passing trouble.
public struct RateLimit: Hashable, Sendable {
    public var calls: Int
    public var period: TimeSpan

    public init(calls: Int, per period: TimeSpan) {
        self.calls = calls
        self.period = period
    }
}

/// The most that may be held at one time: in `region`, or in each region when it is nil.
public struct Quota: Hashable, Sendable {
    public var region: String?
    public var groups: Int?
    public var nodes: Int?

    public init(region: String? = nil, groups: Int? = nil, nodes: Int? = nil) {
        self.region = region
        self.groups = groups
        self.nodes = nodes
    }
}

/// When something goes wrong. All that is given must hold; with nothing given it always does.
public struct FaultRule: Hashable, Sendable {
    // Which requests it is about.
    public var region: String?
    public var zone: String?
    public var instanceType: String?
    public var isSpot: Bool?

    // Which of those.
    /// Only this many of the matching calls, from the first on.
    public var first: Int?
    /// Only so long after the provider was first used.
    public var lasting: TimeSpan?
    /// 0…1.
    public var probability: Double?

    public init(
        region: String? = nil, zone: String? = nil, instanceType: String? = nil, isSpot: Bool? = nil,
        first: Int? = nil, lasting: TimeSpan? = nil, probability: Double? = nil
    ) {
        self.region = region
        self.zone = zone
        self.instanceType = instanceType
        self.isSpot = isSpot
        self.first = first
        self.lasting = lasting
        self.probability = probability
    }

    func concerns(_ request: NodeGroupRequest) -> Bool {
        (region == nil || region == request.region)
            && (zone == nil || zone == request.zone)
            && (instanceType == nil || instanceType == request.instanceType)
            && (isSpot == nil || isSpot == request.isSpot)
    }
}

/// Groups that match are taken away some time after they came up.
public struct PreemptionRule: Hashable, Sendable {
    public var rule: FaultRule
    public var after: SpanRange
    /// How long before it is taken the provider says so; nil for without a word.
    public var notice: TimeSpan?

    public init(_ rule: FaultRule, after: SpanRange, notice: TimeSpan? = nil) {
        self.rule = rule
        self.after = after
        self.notice = notice
    }
}
