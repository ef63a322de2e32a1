import SkyCatalog
import SkyCore

/// `sky catalog list --output json` and `sky catalog show MACHINE --output json`
struct CatalogJSON: Encodable {
    let version = 1
    /// How many offers there are, listed or not.
    let total: Int
    let offers: [OfferJSON]

    init(offers: [ListedOffer], total: Int) {
        self.total = total
        self.offers = offers.map { OfferJSON($0.offer, $0) }
    }
}

struct OfferJSON: Encodable {
    let provider: String
    let region: String
    @Nullable var zone: String?
    let instanceType: String
    @Nullable var accelerator: Accelerator?
    @Nullable var acceleratorMemoryGb: Double?
    let cpus: Double
    let memoryGib: Double
    let pricePerHourUsd: Dollars
    let market: String
    let capabilities: [String]
    @Nullable var interruptionsPerMonth: Double?
    @Nullable var availableCount: Int?
    @Nullable var source: String?
    @Nullable var sourceDate: String?
    let flags: [Flag]

    struct Accelerator: Encodable {
        let name: String
        let count: Double
    }

    struct Flag: Encodable {
        let flag: String
        let reason: String
    }

    init(_ offer: Offer, _ listed: ListedOffer? = nil) {
        provider = offer.provider
        region = offer.region
        zone = offer.zone
        instanceType = offer.instanceType
        accelerator = offer.accelerator.map { Accelerator(name: $0.name, count: $0.count) }
        acceleratorMemoryGb = offer.acceleratorMemoryGB
        cpus = offer.cpus
        memoryGib = offer.memoryGiB
        pricePerHourUsd = Dollars(offer.pricePerHour)
        market = offer.market.rawValue
        capabilities = offer.capabilities
        interruptionsPerMonth = offer.interruptionsPerMonth
        availableCount = offer.availableCount
        source = listed?.source?.key
        sourceDate = listed?.source?.date?.description
        flags = (listed?.flags ?? []).map { Flag(flag: $0.name, reason: $0.description) }
    }
}
