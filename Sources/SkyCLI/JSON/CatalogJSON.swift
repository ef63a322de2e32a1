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
    let zone: String?
    let instanceType: String
    let accelerator: String?
    let acceleratorCount: Double?
    let cpus: Double
    let memoryGib: Double
    let pricePerHour: Dollars
    let market: String
    let capabilities: [String]

    init(_ offer: Offer) {
        provider = offer.provider
        region = offer.region
        zone = offer.zone
        instanceType = offer.instanceType
        accelerator = offer.accelerator?.name
        acceleratorCount = offer.accelerator?.count
        cpus = offer.cpus
        memoryGib = offer.memoryGiB
        pricePerHour = Dollars(offer.pricePerHour)
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
        let standing: String
        let offers: Int
        let regions: Int
        let reason: String
        let remedy: String?
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
                provider: row.provider, standing: standing, offers: row.offers, regions: row.regions,
                reason: row.reason, remedy: row.remedy)
        }
    }
}
