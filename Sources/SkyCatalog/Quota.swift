import SkyCore

/// What an account may rent of something at one time, as far as that is known.
public struct Quota: Hashable, Sendable, Codable {
    /// In what it is counted.
    public enum Unit: String, Hashable, Sendable, Codable, CaseIterable {
        case machines, cpus, accelerators
    }

    public var provider: String
    /// Empty: in every region by itself.
    public var regions: [String]
    /// One type, a family (`p4d`) or a pattern (`p4*`); nil: all.
    public var types: String?
    /// Machines with this accelerator alone; nil: whatever they have.
    public var accelerator: String?
    /// Nil: both.
    public var market: Offer.Market?
    public var unit: Unit
    /// At least 0.
    public var limit: Double

    public init(
        provider: String, regions: [String] = [], types: String? = nil, accelerator: String? = nil,
        market: Offer.Market? = nil, unit: Unit, limit: Double
    ) {
        self.provider = provider
        self.regions = regions
        self.types = types
        self.accelerator = accelerator
        self.market = market
        self.unit = unit
        self.limit = limit
    }

    /// Whether so many of these machines at one time are more than the quota.
    public func forbids(_ machines: Int, of offer: Offer) -> Bool {
        guard offer.provider == provider, market == nil || market == offer.market else { return false }
        return forbids(
            machines, type: offer.instanceType, in: offer.region, cpus: offer.cpus, accelerator: offer.accelerator)
    }

    /// The same for a machine of the quota's provider and market.
    func forbids(
        _ machines: Int, type: String, in region: String, cpus: Double, accelerator own: AcceleratorCount?
    ) -> Bool {
        guard regions.isEmpty || regions.contains(region) else { return false }
        if let types, !TypePattern(text: types).matches(type) { return false }
        if let accelerator, !(own.map { isSameName($0.name, accelerator) } ?? false) { return false }
        let each =
            switch unit {
            case .machines: 1.0
            case .cpus: cpus
            case .accelerators: own?.count ?? 0
            }
        return each * Double(machines) > limit
    }

    /// Without the limit: `aws/us-east-1 p4* on demand`.
    public var subject: String {
        let place = regions.isEmpty ? provider : "\(provider)/\(regions.joined(separator: ","))"
        let market = self.market.map { $0 == .spot ? " spot" : " on demand" } ?? ""
        return place + (types.map { " \($0)" } ?? "") + (accelerator.map { " \($0)" } ?? "") + market
    }

    /// `96 CPUs`.
    public var amount: String { "\(trimmed(limit)) \(unit == .cpus ? "CPUs" : unit.rawValue)" }
}

extension Quota: CustomStringConvertible {
    public var description: String { "\(subject): \(amount)" }
}

extension Catalog {
    /// What is known of the account's quotas, by provider, in the order of the files.
    public var quotas: [Quota] { shelves.flatMap(\.profile.quotas) }

    /// The first quota that so many machines of an offer at one time would exceed; nil for none.
    public func quota(forbidding machines: Int, of offer: Offer) -> Quota? {
        provider(named: offer.provider)?.quotas.first { $0.forbids(machines, of: offer) }
    }
}

extension Quota {
    func write(to image: inout ImageWriter) {
        image.texts(regions)
        image.optional(types) { $0.text($1) }
        image.optional(accelerator) { $0.text($1) }
        image.optional(market) { $0.text($1.rawValue) }
        image.text(unit.rawValue)
        image.number(limit)
    }

    init(_ reader: inout ImageReader, provider: String) throws(DamagedImage) {
        let regions = try reader.texts()
        let types = try reader.optional { (reader) throws(DamagedImage) in try reader.text() }
        let accelerator = try reader.optional { (reader) throws(DamagedImage) in try reader.text() }
        let market = try reader.optional { (reader) throws(DamagedImage) in try reader.text() }
        guard let unit = Unit(rawValue: try reader.text()) else { throw DamagedImage() }
        self.init(
            provider: provider, regions: regions, types: types, accelerator: accelerator,
            market: market.flatMap { Offer.Market(rawValue: $0) }, unit: unit, limit: try reader.number())
    }
}
