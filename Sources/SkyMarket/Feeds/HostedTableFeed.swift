import SkyCatalog
import SkyCore
import SkyHTTP

/// The table that SkyPilot publishes of a cloud (`catalogs/v8/<cloud>/vms.csv`), for clouds that have no public price list.
struct HostedTableFeed: PriceFeed {
    let cloud: String

    func read(
        _ known: KnownOffers, regions: Set<String>?, at desk: PriceDesk
    ) async throws(FeedFailure) -> FreshPrices {
        let origin = desk.origin(
            "SKYPILOT", "https://raw.githubusercontent.com/skypilot-org/skypilot-catalog/master/catalogs/v8")
        let url = "\(origin)/\(cloud)/vms.csv"
        let extracts = Extracts(folder: desk.folder)
        let before = extracts.read(url)
        var headers: HTTPHeaders = [:]
        if let before { headers["If-None-Match"] = before.validator }
        let response = try await desk.ask(HTTPRequest(.get, url, headers: headers), "table")
        var fresh = FreshPrices()
        let bytes: [UInt8]
        if response.status == 304, let before {
            (bytes, fresh.isUnchanged) = (before.bytes, true)
        } else {
            bytes = response.body
        }
        let source = "skypilot-\(desk.today)"
        do {
            var table = HostedTable(cloud: cloud, known: known, source: source)
            try table.read(bytes)
            (fresh.records, fresh.findings) = (table.records, table.findings)
        } catch {
            throw FeedFailure(.badAnswer, "\(url), line \(error.line): \(error.reason)")
        }
        guard !fresh.records.isEmpty else { throw FeedFailure(.badAnswer, "\(url): the table has no machine in it") }
        if !fresh.isUnchanged, let tag = response.headers["ETag"] {
            extracts.keep(Extracts.Extract(validator: tag, bytes: bytes), as: url)
        }
        fresh.regions = known.regions.union(fresh.records.map(\.region)).filter { regions?.contains($0) ?? true }
        fresh.sources = [
            PriceSource(
                key: source, kind: .observed, date: desk.today,
                what: "SkyPilot's hosted catalog v8, as it was that day",
                licence: "Apache-2.0")
        ]
        return fresh
    }
}

/// Reads a `vms.csv`.
struct HostedTable {
    private static let columns = [
        "InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "Price", "SpotPrice", "Region",
        "AvailabilityZone",
    ]
    /// A table may lack it.
    private static let optional = "AvailabilityZone"

    let cloud: String
    let known: KnownOffers
    let source: String
    private(set) var records: [OfferRecord] = []
    private(set) var findings: [PriceReview.Finding] = []
    private var places: [Int] = []
    private var width = 0

    init(cloud: String, known: KnownOffers, source: String) {
        (self.cloud, self.known, self.source) = (cloud, known, source)
    }

    mutating func read(_ bytes: [UInt8]) throws(CSVStream.Malformed) {
        var stream = CSVStream()
        do {
            try bytes.withUnsafeBufferPointer { bytes in
                try stream.take(bytes) { try take($0) }
                try stream.finish { try take($0) }
            }
        } catch let error as CSVStream.Malformed {
            throw error
        } catch {
            throw CSVStream.Malformed(line: 0, reason: "\(error)")
        }
    }

    private mutating func take(_ row: CSVStream.Row) throws(CSVStream.Malformed) {
        guard !places.isEmpty else {
            let names = (0..<row.count).map { row.text($0) }
            if let missing = Self.columns.first(where: { $0 != Self.optional && !names.contains($0) }) {
                throw CSVStream.Malformed(line: row.line, reason: "there is no column '\(missing)'")
            }
            places = Self.columns.map { names.firstIndex(of: $0) ?? -1 }
            width = names.count
            return
        }
        guard row.count == width else { return bad(row, "has \(row.count) fields, the header \(width)") }
        let texts = places.map { row.text($0) }
        guard let cpus = Double(texts[3]), let memory = Double(texts[4]), cpus > 0, memory > 0, !texts[0].isEmpty else {
            return bad(row, "says nothing of type, CPUs or memory")
        }
        for price in [texts[5], texts[6]] where !price.isEmpty && Money(listed: price) == nil {
            return bad(row, "'\(price)' is no price")
        }
        var record = OfferRecord(
            type: texts[0], region: texts[7], zones: texts[8].isEmpty ? [] : [texts[8]],
            cpus: plainNumber(cpus), memoryGiB: plainNumber(memory), price: Money(listed: texts[5]),
            spotPrice: Money(listed: texts[6]), source: source, spotSource: source)
        // Mithril auctions its machines: the table has the lowest bid, which buys nothing on demand.
        if cloud == "mithril" { record.price = nil }
        if !texts[1].isEmpty {
            let name = known.accelerator(texts[1]) ?? texts[1]
            record.accelerators = "\(name):\(Double(texts[2]).map(plainNumber) ?? texts[2])"
        }
        record.capabilities =
            known.shapes[texts[0]]?.capabilities ?? (record.accelerators.isEmpty ? [] : ["gpu-nvidia"])
        records.append(record)
    }

    private mutating func bad(_ row: CSVStream.Row, _ reason: String) {
        findings.append(PriceReview.Finding(.badRow, "table of \(cloud), line \(row.line)", reason))
    }
}
