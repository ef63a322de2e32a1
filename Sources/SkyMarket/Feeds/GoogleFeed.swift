import SkyCatalog
import SkyCore
import SkyHTTP

/// Google's Cloud Billing Catalog API: SKUs of Compute Engine, which price parts (a core, a GiB, a GPU) by region. Machines are
/// put together from them; those whose parts are not among them (TPUs, machines with local SSDs, shared cores) stay as
/// they were known.
struct GoogleFeed: PriceFeed {
    struct Page: Decodable {
        let skus: [SKU]?
        let nextPageToken: String?
    }

    struct SKU: Decodable {
        struct Category: Decodable {
            let resourceFamily: String
            let usageType: String
        }
        struct Pricing: Decodable {
            let pricingExpression: Expression
        }
        struct Expression: Decodable {
            let usageUnit: String?
            let tieredRates: [Rate]?
        }
        struct Rate: Decodable {
            let unitPrice: Price
        }
        struct Price: Decodable {
            let currencyCode: String?
            /// Whole dollars, as text.
            let units: String?
            let nanos: Int64?
        }
        let skuId: String
        let description: String
        let category: Category
        let serviceRegions: [String]?
        let pricingInfo: [Pricing]?
    }

    /// Compute Engine.
    private static let service = "6F81-5844-456A"
    private static let mostPages = 200

    func read(
        _ known: KnownOffers, regions: Set<String>?, at desk: PriceDesk
    ) async throws(FeedFailure) -> FreshPrices {
        let origin = desk.origin("GCP", "https://cloudbilling.googleapis.com")
        let headers = try await Self.headers(desk)
        var parts = GoogleParts()
        var token = ""
        for number in 1...Self.mostPages {
            let next = token.isEmpty ? "" : "&pageToken=\(percentEncoded(token))"
            let url = "\(origin)/v1/services/\(Self.service)/skus?currencyCode=USD&pageSize=5000\(next)"
            let page = try await desk.decoded(Page.self, HTTPRequest(.get, url, headers: headers), "page \(number)")
            for sku in page.skus ?? [] { parts.take(sku) }
            guard let following = page.nextPageToken, !following.isEmpty, following != token else {
                token = ""
                break
            }
            token = following
        }
        guard token.isEmpty else { throw FeedFailure(.badAnswer, "\(origin): the pages never end") }
        guard !parts.isEmpty else {
            throw FeedFailure(.badAnswer, "\(origin): the answer has no price of a machine's parts")
        }
        let wanted = known.regions.filter { regions?.contains($0) ?? true }
        var fresh = FreshPrices()
        fresh.regions = wanted
        fresh.findings = parts.findings
        let sourceKey = "billing-catalog-\(desk.today)"
        for record in known.records where wanted.contains(record.region) {
            fresh.records.append(parts.priced(record, sourceKey) ?? record)
        }
        fresh.sources = [
            PriceSource(
                key: sourceKey, kind: .observed, date: desk.today,
                what: "Google Cloud Billing Catalog API, the sum of a machine's parts")
        ]
        return fresh
    }
}

extension GoogleFeed {
    /// An API key asks in nobody's name; without one it is whoever machines are rented for.
    private static func headers(_ desk: PriceDesk) async throws(FeedFailure) -> HTTPHeaders {
        // A header, since addresses end up in logs.
        if let key = desk.variable("GOOGLE_API_KEY") { return ["X-Goog-Api-Key": key] }
        do throws(CredentialFailure) {
            guard let google = desk.google else { throw CredentialFailure(.missing, "there is no account") }
            return try await google()
        } catch {
            throw FeedFailure(
                .credentials,
                "Google's prices are only for those with an account or an API key: \(error.message); or make a key "
                    + "under APIs & Services, Credentials, and set GOOGLE_API_KEY")
        }
    }
}

/// What the parts of Google's machines cost.
struct GoogleParts {
    private enum Part: Hashable {
        /// `n2`
        case core(String)
        case memory(String)
        /// `T4`
        case accelerator(String)
    }

    private struct Key: Hashable {
        var part: Part
        var region: String
        var isSpot: Bool
    }

    private var prices: [Key: Money] = [:]
    private(set) var findings: [PriceReview.Finding] = []

    var isEmpty: Bool { prices.isEmpty }

    /// Descriptions that do not begin with the series' own name.
    private static let oddNames = [
        "N1 Predefined Instance": "n1", "Compute optimized": "c2", "Memory-optimized Instance": "m1",
    ]
    /// Series whose machines are nothing but cores, memory and GPUs.
    private static let series: Set<String> = [
        "a2", "c2", "c2d", "c3", "c3d", "c4", "c4a", "c4d", "e2", "g2", "m1", "m3", "n1", "n2", "n2d", "n4", "t2a",
        "t2d",
    ]
    private static let accelerators = [
        "Nvidia Tesla T4": "T4", "Nvidia Tesla P4": "P4", "Nvidia Tesla V100": "V100", "Nvidia L4": "L4",
        "Nvidia Tesla A100": "A100",
    ]

    mutating func take(_ sku: GoogleFeed.SKU) {
        guard sku.category.resourceFamily == "Compute", ["OnDemand", "Preemptible"].contains(sku.category.usageType),
            let part = Self.part(sku.description), let expression = sku.pricingInfo?.first?.pricingExpression
        else { return }
        // Where some are free each month, that is a rate of its own.
        let rates = expression.tieredRates ?? []
        guard let rate = rates.last?.unitPrice else { return }
        guard rate.currencyCode ?? "USD" == "USD" else {
            return findings.append(
                PriceReview.Finding(
                    .wrongCurrency, sku.description, "SKU \(sku.skuId) is in \(rate.currencyCode ?? "")"))
        }
        let whole = Int64(rate.units ?? "0") ?? 0
        let price = Money(nanodollars: whole * 1_000_000_000 + (rate.nanos ?? 0))
        guard price > .zero else {
            return findings.append(
                PriceReview.Finding(
                    price == .zero ? .zeroPrice : .negativePrice, sku.description,
                    "SKU \(sku.skuId) costs \(price.exactDecimal), which nobody asks"))
        }
        for region in sku.serviceRegions ?? [] {
            let key = Key(part: part, region: region, isSpot: sku.category.usageType == "Preemptible")
            if let before = prices[key], before != price {
                findings.append(
                    PriceReview.Finding(
                        .duplicate, "\(sku.description) in \(region)",
                        "is priced \(before.exactDecimal) and \(price.exactDecimal); the dearer one counts"))
            }
            prices[key] = max(prices[key] ?? .zero, price)
        }
    }

    /// `Spot Preemptible N2D AMD Instance Core running in Paris` is a core of n2d; custom machines, reservations, sole tenants
    /// and commitments have descriptions of other forms.
    private static func part(_ description: String) -> Part? {
        var name = Substring(description)
        for start in ["Spot Preemptible ", "Preemptible "] where name.hasPrefix(start) {
            name = name.dropFirst(start.count)
        }
        for gpu in accelerators {
            guard name.hasPrefix("\(gpu.key) GPU ") else { continue }
            let rest = name.dropFirst(gpu.key.count + 5).lowercased()
            let isPlain = [
                "running in ", "attached to spot preemptible vms running in ",
                "attached to preemptible vms running in ",
            ]
            .contains { rest.hasPrefix($0) }
            return isPlain ? .accelerator(gpu.value) : nil
        }
        guard let end = name.firstRange(of: " running in ") else { return nil }
        let words = name[..<end.lowerBound].split { $0 == " " }
        guard let kind = words.last, kind == "Core" || kind == "Ram" else { return nil }
        let machine = words.dropLast().joined(separator: " ")
        let first = words.first.map { $0.lowercased() } ?? ""
        let plain = ["Instance", "AMD Instance", "Arm Instance", "Memory-optimized Instance"].map {
            "\(words.first ?? "") \($0)"
        }
        guard let series = oddNames[machine] ?? (plain.contains(machine) ? first : nil), Self.series.contains(series)
        else { return nil }
        return kind == "Core" ? .core(series) : .memory(series)
    }

    /// The machine at the sum of its parts; nil where these are not known or do not make up the machine.
    func priced(_ record: OfferRecord, _ source: String) -> OfferRecord? {
        let words = record.type.split { $0 == "-" }
        guard let series = words.first.map(String.init), Self.series.contains(series), Self.isPlain(record, words),
            let cpus = Double(record.cpus), let memory = Double(record.memoryGiB)
        else { return nil }
        var record = record
        func sum(isSpot: Bool) -> Money? {
            func price(_ part: Part) -> Money? { prices[Key(part: part, region: record.region, isSpot: isSpot)] }
            guard let core = price(.core(series)), let ram = price(.memory(series)) else { return nil }
            var total =
                core.scaled(by: Int64(cpus * 1000), over: 1000) + ram.scaled(by: Int64(memory * 1000), over: 1000)
            guard !record.accelerators.isEmpty else { return total }
            let parts = record.accelerators.split { $0 == ":" }
            guard parts.count == 2, let count = Int(parts[1]), let gpu = price(.accelerator(String(parts[0]))) else {
                return nil
            }
            total += gpu * count
            return total
        }
        guard let onDemand = sum(isSpot: false) else { return nil }
        (record.price, record.source, record.priceWas) = (onDemand, source, nil)
        if let spot = sum(isSpot: true) {
            (record.spotPrice, record.spotSource, record.spotPriceWas) = (spot, source, nil)
        }
        return record
    }

    /// No disks in it, no part of a core, and nothing that is priced otherwise.
    private static func isPlain(_ record: OfferRecord, _ words: [Substring]) -> Bool {
        let sizes = ["standard", "highmem", "highcpu", "highgpu", "megamem", "ultramem"]
        guard words.count == 3, sizes.contains(String(words[1])) else { return false }
        return words[2].last.map { $0.isNumber || words[0] == "a2" } ?? false
    }
}
