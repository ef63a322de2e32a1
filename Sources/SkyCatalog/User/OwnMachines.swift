public import SkyCore

/// Machines of one kind that somebody has themselves, in one place: one offer, of so many.
public struct OwnMachines: Hashable, Sendable {
    /// Of the catalog: `ssh`.
    public var provider: String
    public var region: ProviderProfile.Region
    public var zone: String?
    public var machineType: String
    public var cpus: Double
    public var memoryGiB: Double
    public var accelerator: AcceleratorCount?
    public var capabilities: [String]
    public var pricePerHour: Money
    public var count: Int
    /// How long one may be had at a stretch; nil for no limit.
    public var timeLimit: TimeSpan?
    /// They may be taken away for somebody else: then they are only for those who can live with that.
    public var isPreemptible: Bool

    public init(
        provider: String, region: ProviderProfile.Region, zone: String? = nil, machineType: String, cpus: Double,
        memoryGiB: Double, accelerator: AcceleratorCount? = nil, capabilities: [String] = [],
        pricePerHour: Money = .zero, count: Int, timeLimit: TimeSpan? = nil, isPreemptible: Bool = false
    ) {
        self.provider = provider
        self.region = region
        self.zone = zone
        self.machineType = machineType
        self.cpus = cpus
        self.memoryGiB = memoryGiB
        self.accelerator = accelerator
        self.capabilities = capabilities
        self.pricePerHour = pricePerHour
        self.count = count
        self.timeLimit = timeLimit
        self.isPreemptible = isPreemptible
    }

    /// All of it, so that what was made of it is known to be out of date.
    var stamp: String {
        let place = [region.name, region.country, region.continent, region.place, zone].map { $0 ?? "-" }
        let shape = [machineType, "\(cpus)", "\(memoryGiB)", accelerator?.description ?? "-"] + capabilities
        return
            ([provider] + place + shape + ["\(pricePerHour.nanodollars)", "\(count)"]
            + [timeLimit.map { "\($0.milliseconds)" } ?? "-", "\(isPreemptible)"]).joined(separator: "\t")
    }

    private static let agreed = PriceSource.plain[3]

    /// A machine that nobody takes away serves as well where one that may be taken away would do, at the same price.
    func add(to rows: inout OfferRows) {
        rows.append(
            OfferRows.Row(
                type: rows.types.intern(machineType), region: rows.regions.intern(region.name),
                zoneList: rows.zoneList(zone.map { [$0] } ?? []), accelerator: rows.accelerator(accelerator),
                capabilitySet: rows.capabilitySet(capabilities),
                sourcePair: rows.sourcePair(Self.agreed, Self.agreed), cpus: cpus, memoryGiB: memoryGiB,
                onDemand: isPreemptible ? OfferRows.noPrice : pricePerHour.nanodollars, spot: pricePerHour.nanodollars,
                interruptions: isPreemptible ? .nan : 0, available: Int32(clamping: count),
                timeLimit: timeLimit.map { Int32(clamping: $0.milliseconds / 1000) } ?? -1))
    }
}
