public import SkyCore

/// What `provider.yaml` says about one provider.
public struct ProviderProfile: Hashable, Sendable {
    /// When the provider's offers are candidates.
    public enum PlacementRule: String, Hashable, Sendable, Codable {
        /// Whenever they fit.
        case any
        /// Only when the request names the provider.
        case explicit
    }

    public struct Region: Hashable, Sendable, Codable {
        public var name: String
        /// ISO 3166 code in capitals: `IE`; nil where it is not known, or nowhere in particular.
        public var country: String?
        /// `europe`; nil for places that are nowhere in particular.
        public var continent: String?
        /// For people: `Dublin`.
        public var place: String?

        public init(name: String, country: String? = nil, continent: String? = nil, place: String? = nil) {
            self.name = name
            self.country = country
            self.continent = continent
            self.place = place
        }
    }

    /// What the provider says about traffic beside its tariff.
    public struct Egress: Hashable, Sendable {
        /// Between two machines of one region, per 10⁹ bytes.
        public var sameRegionPerGigabyte: Money
        /// What the provider gives free every month, to the whole account; in GB of 10⁹ bytes. Counted only if
        /// `countsAllowance`: who knows what else the account sends.
        public var freeGBPerMonth: Int64
        public var countsAllowance: Bool
        /// What the account sends anyway each month, in GB: tiers begin above it.
        public var usedGBPerMonth: Int64

        public init(
            sameRegionPerGigabyte: Money = .zero, freeGBPerMonth: Int64 = 0, countsAllowance: Bool = false,
            usedGBPerMonth: Int64 = 0
        ) {
            self.sameRegionPerGigabyte = sameRegionPerGigabyte
            self.freeGBPerMonth = freeGBPerMonth
            self.countsAllowance = countsAllowance
            self.usedGBPerMonth = usedGBPerMonth
        }
    }

    /// Something that says an account is configured.
    public enum CredentialSource: Hashable, Sendable {
        /// All of these variables are set.
        case environment([String])
        /// This file exists; a leading `~` is the home folder.
        case file(String)
    }

    /// What machines with a capability cost on top when it is asked for.
    public struct CapabilitySurcharge: Hashable, Sendable {
        /// Machines that have this pay.
        public var capability: String
        /// Further names that ask for it.
        public var askedAs: [String]
        /// Of the on-demand price, in billionths of a percent; also on spot machines.
        public var onDemandShare: Int64
        public var perCPUHour: Money
        public var perGiBHour: Money
        /// Where the figures come from.
        public var source: String

        public init(
            capability: String, askedAs: [String] = [], onDemandShare: Int64 = 0, perCPUHour: Money = .zero,
            perGiBHour: Money = .zero, source: String = ""
        ) {
            self.capability = capability
            self.askedAs = askedAs
            self.onDemandShare = onDemandShare
            self.perCPUHour = perCPUHour
            self.perGiBHour = perGiBHour
            self.source = source
        }
    }

    public var name: String
    public var displayName: String
    /// The adapter that speaks the provider's API: `ec2`, `gce`, `azure-vm`, `local`, `mock`, …
    public var adapter: String
    public var placement: PlacementRule
    /// Any one of these will do; none are needed when empty.
    public var credentials: [CredentialSource]
    /// In the file's order.
    public var regions: [Region]
    /// Capabilities that are only to be had in some of the regions where the hardware is; sorted.
    public var capabilityRegions: [String: [String]]
    public var capabilitySurcharges: [CapabilitySurcharge]
    /// Between two machines of one region, in 10⁹ bits per second.
    public var sameRegionGbps: Double
    /// To or from another region when the pair was never measured, in 10⁹ bits per second.
    public var defaultGbps: Double
    /// How long before a spot machine is taken away it is told; nil if never or unknown.
    public var spotNotice: TimeSpan?
    /// How it bills and how fast it delivers.
    public var terms: RentalTerms
    public var egress: Egress
    /// Where its figures come from.
    public var sources: [PriceSource]
    /// What the account may rent at one time, as far as a person's own files say.
    public var quotas: [Quota]

    public init(
        name: String, displayName: String? = nil, adapter: String? = nil, placement: PlacementRule = .any,
        credentials: [CredentialSource] = [], regions: [Region] = [], capabilityRegions: [String: [String]] = [:],
        capabilitySurcharges: [CapabilitySurcharge] = [], sameRegionGbps: Double = 10, defaultGbps: Double = 1,
        spotNotice: TimeSpan? = nil, terms: RentalTerms = .plain, egress: Egress = Egress(),
        sources: [PriceSource] = [], quotas: [Quota] = []
    ) {
        self.name = name
        self.displayName = displayName ?? name
        self.adapter = adapter ?? name
        self.placement = placement
        self.credentials = credentials
        self.regions = regions
        self.capabilityRegions = capabilityRegions
        self.capabilitySurcharges = capabilitySurcharges
        self.sameRegionGbps = sameRegionGbps
        self.defaultGbps = defaultGbps
        self.spotNotice = spotNotice
        self.terms = terms
        self.egress = egress
        self.sources = sources
        self.quotas = quotas
    }

    /// True when `capability` can be had in `region`, as far as the profile limits it at all.
    public func offers(_ capability: String, in region: String) -> Bool {
        capabilityRegions[capability]?.contains(region) ?? true
    }
}
