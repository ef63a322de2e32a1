public import SkyCore

/// What the catalog has of one provider before its prices are read anew: those of the last refresh, else the shipped ones.
public struct KnownOffers: Sendable {
    public let profile: ProviderProfile
    public let records: [OfferRecord]
    /// By type: what is the same of it everywhere.
    public let shapes: [String: OfferRecord]
    /// The keys of those sources that came with sky.
    public let shippedSources: Set<String>
    private let byPlace: [OfferRecord.Key: [OfferRecord]]
    private let facts: AcceleratorFacts

    /// - Parameters:
    ///   - root: the catalog's folder.
    ///   - refreshed: the folder of refreshed prices.
    /// - Throws: everything wrong with the files, with its place.
    public static func load(
        _ provider: String, root: String, refreshed: String?
    ) throws(DiagnosticsError) -> KnownOffers {
        let live = refreshed.flatMap { RefreshedOffers.folder(of: provider, in: $0) }
        var profile: ProviderProfile?
        var shipped: Set<String> = []
        for folder in ["\(root)/\(provider)"] + (live.map { [$0] } ?? []) {
            let path = "\(folder)/provider.yaml"
            let bytes = try fileBytes(path)
            var reader = ProfileReader(path: path, base: profile)
            profile = reader.read(bytes)
            guard reader.diagnostics.isEmpty else {
                throw DiagnosticsError(
                    reader.diagnostics, sources: [SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))])
            }
            if shipped.isEmpty { shipped = Set(profile?.sources.map(\.key) ?? []) }
        }
        let path = "\(live ?? "\(root)/\(provider)")/offers.csv"
        let records = OfferRecord.read(try textBytes(path), path: path)
        let facts = (try? fileBytes("\(root)/accelerators.csv")).map { AcceleratorFacts.read($0, path: "").facts }
        return KnownOffers(
            profile: profile ?? ProviderProfile(name: provider), records: records, shipped: shipped,
            facts: facts ?? AcceleratorFacts())
    }

    init(
        profile: ProviderProfile, records: [OfferRecord], shipped: Set<String> = [],
        facts: AcceleratorFacts = AcceleratorFacts()
    ) {
        shippedSources = shipped
        self.profile = profile
        self.records = records
        self.facts = facts
        shapes = Dictionary(records.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })
        byPlace = Dictionary(grouping: records, by: \.key)
    }

    public subscript(key: OfferRecord.Key) -> [OfferRecord] { byPlace[key] ?? [] }

    /// Those of a type in a region that carry nothing, or always the same accelerators.
    public func records(of type: String, in region: String) -> [OfferRecord] {
        guard let shape = shapes[type] else { return [] }
        return self[OfferRecord.Key(type: type, region: region, accelerators: shape.accelerators)]
    }

    /// The regions of the profile, by name.
    public var regions: Set<String> { Set(profile.regions.map(\.name)) }

    /// The catalog's spelling of an accelerator, by name or alias; nil for one that it does not know.
    public func accelerator(_ name: String) -> String? { facts[name]?.name }

    /// The source of this name, to be carried along with prices that stay as they are.
    public func source(_ key: String) -> PriceSource? { profile.sources.first { $0.key == key } }
}
