import SkyCore

/// What of a provider a plan makes use of.
public struct PermissionNeeds: Hashable, Sendable {
    /// What rights are needed for.
    public enum Use: String, Hashable, Sendable, CaseIterable {
        /// Machines of any kind.
        case machines
        case spot
        /// Several nodes that work as one.
        case gang
        case service
        case confidential
        case tpu
        /// Machines that act as somebody: an instance profile, a service account.
        case identity
        /// Buckets that keep artifacts, or hold inputs.
        case bucket
        /// Buckets that Sky makes.
        case newBucket = "new-bucket"
    }

    public var provider: String
    /// `adapter` of its `provider.yaml`.
    public var adapter: String
    public var uses: Set<Use>
    /// Sorted.
    public var regions: [String]
    /// Sorted.
    public var buckets: [String]

    public init(provider: String, adapter: String, uses: Set<Use>, regions: [String], buckets: [String] = []) {
        self.provider = provider
        self.adapter = adapter
        self.uses = uses
        self.regions = regions
        self.buckets = buckets
    }

    init(_ provider: String, adapter: String, _ requests: [NodeGroupRequest], actsAsSomebody: Bool) {
        var uses: Set<Use> = requests.isEmpty ? [] : [.machines]
        for request in requests {
            if request.isSpot { uses.insert(.spot) }
            if request.numNodes > 1 { uses.insert(.gang) }
            if request.servicePort != nil { uses.insert(.service) }
            if request.capabilities?.contains(where: { $0.hasPrefix("confidential") }) == true {
                uses.insert(.confidential)
            }
            if request.accelerator?.name.lowercased().hasPrefix("tpu") == true { uses.insert(.tpu) }
        }
        if actsAsSomebody { uses.insert(.identity) }
        self.init(
            provider: provider, adapter: adapter, uses: uses, regions: Set(requests.map(\.region)).sorted())
    }
}
