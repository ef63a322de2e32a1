import SkyCatalog
import SkyCore

/// `sky catalog list --output json`
struct CatalogJSON: Encodable {
    let version = 1
    /// How many offers there are, listed or not.
    let total: Int
    let offers: [OfferJSON]

    init(offers: [Offer], total: Int) {
        self.total = total
        self.offers = offers.map(OfferJSON.init)
    }
}

struct OfferJSON: Encodable {
    let provider: String
    let region: String
    @Nullable var zone: String?
    let instanceType: String
    @Nullable var accelerator: Accelerator?
    let cpus: Double
    let memoryGib: Double
    let pricePerHourUsd: Dollars
    let market: String
    let capabilities: [String]

    struct Accelerator: Encodable {
        let name: String
        let count: Double
    }

    init(_ offer: Offer) {
        provider = offer.provider
        region = offer.region
        zone = offer.zone
        instanceType = offer.instanceType
        accelerator = offer.accelerator.map { Accelerator(name: $0.name, count: $0.count) }
        cpus = offer.cpus
        memoryGib = offer.memoryGiB
        pricePerHourUsd = Dollars(offer.pricePerHour)
        market = offer.market.rawValue
        capabilities = offer.capabilities
    }
}

/// `sky check --output json`
struct CheckJSON: Encodable {
    let version = 1
    let providers: [Row]

    struct Row: Encodable {
        let provider: String
        let displayName: String
        let standing: String
        let offers: Int
        let regions: Int
        let reason: String
        let credentials: [Credential]
    }

    struct Credential: Encodable {
        let place: String
        let present: Bool
    }

    init(_ rows: [CheckRow]) {
        providers = rows.map { row in
            let standing =
                switch row.standing {
                case .ready: "ready"
                case .standIn: "stand-in"
                case .unusable: "unusable"
                }
            return Row(
                provider: row.provider, displayName: row.displayName, standing: standing, offers: row.offers,
                regions: row.regions, reason: row.reason,
                credentials: row.credentials.map { Credential(place: $0.place, present: $0.isPresent) })
        }
    }
}
