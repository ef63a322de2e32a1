public import SkyCore

/// All offers known, and what moving data between their regions costs and how fast it goes.
///
/// A value: nothing is fetched, and the same catalog always answers the same.
public struct Catalog: Sendable {
    let shelves: [ProviderShelf]
    let tariffs: TariffTable
    /// Comes before `tariffs` for all that it says something about.
    private var replacedTariffs: TariffTable?
    let facts: AcceleratorFacts
    public let settings: CatalogSettings
    /// SHA-256 of the files that the catalog was made from, in hexadecimal; empty for one made by hand.
    public let digest: String
    private let profiles: [String: ProviderProfile]

    /// - Throws: `DamagedImage` for bytes that are no image of a catalog, or not of this version.
    init(
        _ bytes: ImageBytes, settings: CatalogSettings, only: Set<String>? = nil
    ) throws(DamagedImage) {
        var reader = try ImageReader(bytes)
        _ = try reader.text()
        digest = try reader.text()
        facts = try AcceleratorFacts(&reader)
        tariffs = try TariffTable(&reader)
        let all = try reader.list { (reader) throws(DamagedImage) in
            let profile = try ProviderProfile(&reader)
            return ProviderShelf(profile: profile, table: try OfferTable(&reader), settings: settings)
        }
        shelves = only.map { wanted in all.filter { wanted.contains($0.profile.name) } } ?? all
        self.settings = settings
        profiles = Dictionary(
            shelves.map { ($0.profile.name, $0.profile) }, uniquingKeysWith: { first, _ in first })
    }

    init(_ draft: CatalogDraft, settings: CatalogSettings = CatalogSettings(), only: Set<String>? = nil) {
        do throws(DamagedImage) {
            try self.init(ImageBytes(copying: draft.image(stamp: "")), settings: settings, only: only)
        } catch {
            preconditionFailure("an image that was just written cannot be read")
        }
    }

    /// A catalog of offers made by hand. Providers that `profiles` does not describe get a plain profile.
    public init(offers: [Offer], tariffs: Tariffs = Tariffs(), profiles: [ProviderProfile] = []) {
        let described = Dictionary(profiles.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let byProvider = Dictionary(grouping: offers, by: \.provider)
        let names = Set(byProvider.keys).union(described.keys).sorted()
        var draft = CatalogDraft(tariffs: tariffs)
        draft.providers = names.map { name in
            let own = byProvider[name] ?? []
            let regions = Set(own.map(\.region)).sorted().map { ProviderProfile.Region(name: $0) }
            return CatalogDraft.Provider(
                profile: described[name] ?? ProviderProfile(name: name, regions: regions), rows: OfferRows(own))
        }
        let memories = offers.compactMap { offer -> AcceleratorFacts.Fact? in
            guard let accelerator = offer.accelerator, let memory = offer.acceleratorMemoryGB else { return nil }
            return AcceleratorFacts.Fact(name: accelerator.name, memoryGB: memory / min(accelerator.count, 1))
        }
        draft.facts = AcceleratorFacts(memories)
        self.init(draft)
    }

    /// What each provider's `provider.yaml` says, by name.
    public var providers: [ProviderProfile] { shelves.map(\.profile) }

    public func provider(named name: String) -> ProviderProfile? { profiles[name] }

    /// How a provider bills and how fast it delivers; the plain terms for one that the catalog does not know.
    public func terms(of provider: String) -> RentalTerms { profiles[provider]?.terms ?? .plain }

    /// Every accelerator that some offer has, sorted.
    public var acceleratorNames: [String] {
        Set(shelves.flatMap { $0.table.accelerators.map(\.wanted.name) }).sorted()
    }

    /// Every capability that some offer has, sorted.
    public var capabilityNames: [String] {
        Set(shelves.flatMap { $0.table.capabilitySets.joined() }).sorted()
    }

    /// Every part of the world that some region is in, by the names that requests use, sorted.
    public var areaNames: [String] { RegionAreas.names(of: shelves.flatMap(\.profile.regions)) }

    /// How many rows the catalog holds; a row is one machine in one region with both its prices.
    public var rowCount: Int { shelves.reduce(0) { $0 + $1.table.count } }

    /// This catalog with other tariffs for whatever they say something about.
    func replacingTariffs(with tariffs: Tariffs) -> Catalog {
        var draft = CatalogDraft(tariffs: tariffs)
        draft.knowsRegions = false
        var copy = self
        copy.replacedTariffs = Catalog(draft).tariffs
        return copy
    }
}

extension Catalog: TransferRates {
    /// Egress per 10⁹ bytes: the most specific tariff of the region; within it what the provider asks for that. A region
    /// that the catalog does not know pays its provider's dearest rate to the internet; an unknown provider asks nothing.
    public func pricePerGigabyte(from: Location, to: Location) -> Money {
        tiers(from: from, to: to).first?.perGigabyte ?? .zero
    }

    public func egress(from: Location, to: Location) -> EgressPrice {
        let tiers = tiers(from: from, to: to)
        guard from != to, let egress = profiles[from.provider]?.egress else { return EgressPrice(tiers: tiers) }
        guard egress.countsAllowance else {
            return EgressPrice(tiers: tiers, used: Self.gigabytes(egress.usedGBPerMonth))
        }
        return EgressPrice(
            tiers: tiers, used: Self.gigabytes(max(egress.usedGBPerMonth, egress.freeGBPerMonth)),
            allowance: Self.gigabytes(max(egress.freeGBPerMonth - egress.usedGBPerMonth, 0)))
    }

    private static func gigabytes(_ count: Int64) -> DataSize {
        DataSize(bytes: Int64(clamping: Int128(count) * 1_000_000_000))
    }

    private func tiers(from: Location, to: Location) -> [EgressTier] {
        if from == to {
            if let own = replacedTariffs?.tiersWithin(from) { return own }
            return [EgressTier(perGigabyte: profiles[from.provider]?.egress.sameRegionPerGigabyte ?? .zero)]
        }
        return replacedTariffs?.tiers(from: from, to: to) ?? tariffs.tiers(from: from, to: to)
            ?? tariffs.dearestTiers(fromAnyRegionOf: from.provider) ?? []
    }

    /// The measured rate; within a region, and between regions never measured, the slower provider's default.
    public func gigabitsPerSecond(from: Location, to: Location) -> Double {
        if let measured = measuredGigabitsPerSecond(from: from, to: to) { return measured }
        return min(defaultRate(from.provider, from == to), defaultRate(to.provider, from == to))
    }

    /// Between one machine here and one there; nil where nobody measured.
    public func measuredGigabitsPerSecond(from: Location, to: Location) -> Double? {
        replacedTariffs?.gigabitsPerSecond(from: from, to: to) ?? tariffs.gigabitsPerSecond(from: from, to: to)
    }

    private func defaultRate(_ provider: String, _ isSameRegion: Bool) -> Double {
        guard let profile = profiles[provider] else { return isSameRegion ? 10 : 1 }
        return isSameRegion ? profile.sameRegionGbps : profile.defaultGbps
    }
}
