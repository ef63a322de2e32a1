public import SkyCore

/// All offers known, and what moving data between their regions costs and how fast it goes.
///
/// A value: nothing is fetched, and the same catalog always answers the same.
public struct Catalog: Sendable {
    let shelves: [ProviderShelf]
    let tariffs: Tariffs
    private let profiles: [String: ProviderProfile]

    init(shelves: [ProviderShelf], tariffs: Tariffs) {
        self.shelves = shelves
        self.tariffs = tariffs
        profiles = Dictionary(
            shelves.map { ($0.profile.name, $0.profile) }, uniquingKeysWith: { first, _ in first })
    }

    /// Reads a folder that holds a folder per provider; docs/catalog.md describes the files.
    ///
    /// - Parameters:
    ///   - root: the folder, such as `providers`.
    ///   - host: what `local` offers.
    ///   - only: the providers wanted, by name; nil for all. Others are not read at all.
    /// - Throws: everything wrong with any of the files, with its place.
    public static func load(
        root: String, host: HostShape, only: Set<String>? = nil
    ) throws(DiagnosticsError) -> Catalog {
        try CatalogLoader.load(root: root, host: host, only: only)
    }

    /// A catalog of offers made by hand. Providers that `profiles` does not describe get a plain profile.
    public init(offers: [Offer], tariffs: Tariffs = Tariffs(), profiles: [ProviderProfile] = []) {
        let described = Dictionary(profiles.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let byProvider = Dictionary(grouping: offers, by: \.provider)
        let names = Set(byProvider.keys).union(described.keys).sorted()
        let shelves = names.map { name in
            let own = byProvider[name] ?? []
            let regions = Set(own.map(\.region)).sorted().map { ProviderProfile.Region(name: $0) }
            return ProviderShelf(
                profile: described[name] ?? ProviderProfile(name: name, regions: regions), table: OfferTable(own))
        }
        self.init(shelves: shelves, tariffs: tariffs)
    }

    /// What each provider's `provider.yaml` says, by name.
    public var providers: [ProviderProfile] { shelves.map(\.profile) }

    public func provider(named name: String) -> ProviderProfile? { profiles[name] }

    /// Every accelerator that some offer has, sorted.
    public var acceleratorNames: [String] {
        Set(shelves.flatMap { $0.table.accelerators.map(\.name) }).sorted()
    }

    /// Every capability that some offer has, sorted.
    public var capabilityNames: [String] {
        Set(shelves.flatMap { $0.table.capabilitySets.joined() }).sorted()
    }

    /// How many rows the catalog holds; a row is one machine in one region with both its prices.
    public var rowCount: Int { shelves.reduce(0) { $0 + $1.table.count } }
}

extension Catalog: TransferRates {
    /// Egress per 10⁹ bytes: the most specific tariff of the region, zero within it. A region that the catalog does
    /// not know pays its provider's dearest rate to the internet; an unknown provider asks nothing.
    public func pricePerGigabyte(from: Location, to: Location) -> Money {
        tariffs.pricePerGigabyte(from: from, to: to)
            ?? tariffs.dearestPerGigabyte(fromAnyRegionOf: from.provider) ?? .zero
    }

    /// The measured rate; within a region, and between regions never measured, the slower provider's default.
    public func gigabitsPerSecond(from: Location, to: Location) -> Double {
        if let measured = tariffs.throughput.gigabitsPerSecond(from: from, to: to) { return measured }
        let ends = [profiles[from.provider], profiles[to.provider]].map { $0 ?? Self.unknown }
        return ends.map { from == to ? $0.sameRegionGbps : $0.defaultGbps }.min() ?? Self.unknown.defaultGbps
    }

    private static let unknown = ProviderProfile(name: "")
}
