import SkyCatalog
import SkyCore
import SkyHTTP

/// The Azure Retail Prices API (Microsoft Learn, "Azure Retail Prices overview"): public, in pages, region by region. It has
/// prices alone: how large a size is, the catalog has to know.
struct AzureFeed: PriceFeed {
    struct Page: Decodable {
        let Items: [Item]
        let NextPageLink: String?
    }

    struct Item: Decodable {
        let currencyCode: String
        let retailPrice: Double
        let armRegionName: String?
        let armSkuName: String?
        let productName: String
        let skuName: String
        let meterName: String?
        let unitOfMeasure: String
        let type: String
        let effectiveStartDate: String?
        let isPrimaryMeterRegion: Bool?
    }

    private static let mostPages = 500

    func read(
        _ known: KnownOffers, regions: Set<String>?, at desk: PriceDesk
    ) async throws(FeedFailure) -> FreshPrices {
        let wanted = known.regions.filter { regions?.contains($0) ?? true }.sorted()
        let parts = await sideBySide(wanted, width: 4) { region in
            await Self.part(of: region, known: known, desk: desk)
        }
        var fresh = FreshPrices()
        for part in parts {
            fresh.findings += part.findings
            guard part.isRead else { continue }
            fresh.regions.insert(part.region)
            fresh.records += part.records
        }
        guard !fresh.regions.isEmpty else {
            throw FeedFailure(
                .noAnswer, parts.lazy.compactMap { $0.findings.first?.detail }.first ?? "no region was read")
        }
        fresh.sources = [
            PriceSource(key: Self.key(desk.today), kind: .observed, date: desk.today, what: "Azure Retail Prices API")
        ]
        return fresh
    }

    static func key(_ day: CalendarDay) -> String { "retail-prices-\(day)" }

    private struct Part: Sendable {
        var region: String
        var records: [OfferRecord] = []
        var findings: [PriceReview.Finding] = []
        var isRead = false
    }

    private static func part(of region: String, known: KnownOffers, desk: PriceDesk) async -> Part {
        var part = Part(region: region)
        do throws(FeedFailure) {
            var meters = AzureMeters(region: region, now: desk.now().iso8601)
            try await pages(of: region, desk) { meters.take($0) }
            // A region that the API knows nothing of (any more) and that the catalog knows nothing of either.
            let knows = known.records.contains { $0.region == region }
            guard !meters.isEmpty || !knows else {
                throw FeedFailure(.badAnswer, "the answer has no machine of \(region)")
            }
            let (records, findings) = meters.records(known, key(desk.today))
            part.records = records
            part.findings = findings
            part.isRead = true
        } catch {
            part.findings.append(
                PriceReview.Finding(.kept, region, "prices stay as they were known: \(error.message)"))
        }
        return part
    }

    private static func pages(
        of region: String, _ desk: PriceDesk, _ body: (Page) -> Void
    ) async throws(FeedFailure) {
        let origin = desk.origin("AZURE", "https://prices.azure.com")
        let filter = "serviceName eq 'Virtual Machines' and armRegionName eq '\(region)' and priceType eq 'Consumption'"
        var url =
            "\(origin)/api/retail/prices?api-version=2023-01-01-preview&currencyCode=USD"
            + "&$filter=\(percentEncoded(filter))"
        var seen: Set<String> = []
        for _ in 0..<mostPages {
            seen.insert(url)
            let page = try await desk.decoded(Page.self, HTTPRequest(.get, url), region)
            body(page)
            guard let next = page.NextPageLink, !next.isEmpty else { return }
            // The service writes its own port out.
            guard next.replacing(":443/", with: "/", maxReplacements: 1).hasPrefix("\(origin)/"), !seen.contains(next)
            else { throw FeedFailure(.badAnswer, "\(origin): the link to the next page of \(region) leads elsewhere") }
            url = next
        }
        throw FeedFailure(.badAnswer, "\(origin): the pages of \(region) never end")
    }
}

/// The meters of a region's plain Linux machines.
struct AzureMeters {
    private struct Meter {
        var price: Money
        var isPrimary: Bool
        var since: String
    }

    private let region: String
    private let now: String
    private var onDemand: [String: Meter] = [:]
    private var spot: [String: Meter] = [:]
    private var findings: [PriceReview.Finding] = []

    var isEmpty: Bool { onDemand.isEmpty && spot.isEmpty }

    /// - Parameter now: as the API writes moments; what begins later is not in force yet.
    init(region: String, now: String) {
        self.region = region
        self.now = now
    }

    private static let otherProducts = ["Windows", "CloudServices", "Cloud Services", "Dedicated Host", "Promo"]

    mutating func take(_ page: AzureFeed.Page) {
        for item in page.Items { take(item) }
    }

    private mutating func take(_ item: AzureFeed.Item) {
        guard item.type == "Consumption", item.unitOfMeasure == "1 Hour", item.armRegionName == region,
            let type = item.armSkuName, !type.isEmpty, item.effectiveStartDate ?? "" <= now,
            !Self.otherProducts.contains(where: { item.productName.contains($0) })
        else { return }
        let names = "\(item.skuName) \(item.meterName ?? "")"
        guard !names.contains("Low Priority"), !names.contains("Expired") else { return }
        guard item.currencyCode == "USD" else {
            return findings.append(
                PriceReview.Finding(.wrongCurrency, "\(type) in \(region)", "is in \(item.currencyCode)"))
        }
        guard let price = Money(dollars: item.retailPrice) else { return }
        let meter = Meter(
            price: price, isPrimary: item.isPrimaryMeterRegion ?? true, since: item.effectiveStartDate ?? "")
        let isSpot = names.contains("Spot")
        let before = isSpot ? spot[type] : onDemand[type]
        if let before {
            let (old, new) = ((before.isPrimary ? 1 : 0, before.since), (meter.isPrimary ? 1 : 0, meter.since))
            if new < old || (new == old && meter.price == before.price) { return }
            if new == old {
                findings.append(
                    PriceReview.Finding(
                        .duplicate, "\(isSpot ? "spot of " : "")\(type) in \(region)",
                        "is priced \(before.price.exactDecimal) and \(price.exactDecimal); the dearer one counts"))
                if meter.price < before.price { return }
            }
        }
        if isSpot { spot[type] = meter } else { onDemand[type] = meter }
    }

    /// Sizes that the catalog does not know are left out: the API does not say how large they are.
    func records(_ known: KnownOffers, _ key: String) -> (records: [OfferRecord], findings: [PriceReview.Finding]) {
        var records: [OfferRecord] = []
        var found = findings
        for type in Set(onDemand.keys).union(spot.keys).sorted() {
            guard var record = known.records(of: type, in: region).first ?? known.shapes[type] else {
                found.append(
                    PriceReview.Finding(.unknownMachine, type, "in \(region): its CPUs and memory are not known"))
                continue
            }
            record.region = region
            (record.price, record.spotPrice) = (onDemand[type]?.price, spot[type]?.price)
            (record.source, record.spotSource) = (key, key)
            (record.priceWas, record.spotPriceWas) = (nil, nil)
            records.append(record)
        }
        return (records, found)
    }
}
