/// Who a cloud takes us for.
public struct CloudIdentity: Hashable, Sendable, Codable {
    /// The cloud's own name for it: an ARN, a service account, a user.
    public var name: String
    /// The account, project or subscription that pays.
    public var account: String?
    /// Where the credentials were found: `profile work`. Never what they are.
    public var source: String?
    /// Regions that are open to the account; nil where the cloud does not say.
    public var regions: [String]?

    public init(name: String, account: String? = nil, source: String? = nil, regions: [String]? = nil) {
        self.name = name
        self.account = account
        self.source = source
        self.regions = regions
    }
}

/// A provider that says who asks.
public protocol IdentifyingAdapter: ProviderAdapter {
    /// Asks the provider. Nil of one that has no word for it.
    func identity() async throws(ProviderError) -> CloudIdentity?

    /// What stands in the way of renting all of these at once: quotas that are too small, rights that are missing. Sentences for
    /// people; none where nothing is known to. Rents nothing.
    func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String]
}

/// A cloud that says who asks.
public protocol IdentifyingCloud: MachineCloud {
    func identity() async throws(ProviderError) -> CloudIdentity

    /// As `IdentifyingAdapter.obstacles`.
    func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String]
}

extension IdentifyingCloud {
    public func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String] { [] }
}

extension MachineAdapter: IdentifyingAdapter {
    public func identity() async throws(ProviderError) -> CloudIdentity? {
        try await (cloud as? any IdentifyingCloud)?.identity()
    }

    public func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String] {
        try await (cloud as? any IdentifyingCloud)?.obstacles(to: requests) ?? []
    }
}

extension RentedOrStoodIn: IdentifyingAdapter {
    func identity() async throws(ProviderError) -> CloudIdentity? {
        try await (real as? any IdentifyingAdapter)?.identity()
    }

    func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String] {
        try await (real as? any IdentifyingAdapter)?.obstacles(to: requests) ?? []
    }
}
