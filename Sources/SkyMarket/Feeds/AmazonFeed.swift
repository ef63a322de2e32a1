import SkyAWS
import SkyCatalog
import SkyCore

/// AWS: on-demand prices from the public bulk lists; with an account also spot prices and zones, from EC2 itself. Without one
/// spot prices stay as they were known.
struct AmazonFeed: PriceFeed {
    func read(
        _ known: KnownOffers, regions: Set<String>?, at desk: PriceDesk
    ) async throws(FeedFailure) -> FreshPrices {
        let list = AmazonPriceList(desk)
        let index = try await list.index()
        let wanted = index.regions.values.filter { region in
            known.regions.contains(region.regionCode) && (regions?.contains(region.regionCode) ?? true)
        }.sorted { $0.regionCode < $1.regionCode }
        guard !wanted.isEmpty else {
            throw FeedFailure(.badAnswer, "AWS's index of price lists has none of the regions")
        }
        var fresh = FreshPrices()
        let compute = await spotSource(desk, &fresh.findings)
        let parts = await sideBySide(wanted, width: 3) { region in
            await Self.part(of: region, list: list, compute: compute, known: known, desk: desk)
        }
        for part in parts {
            fresh.findings += part.findings
            guard part.isRead else { continue }
            fresh.regions.insert(part.region)
            fresh.records += part.records
        }
        guard !fresh.regions.isEmpty else {
            throw FeedFailure(
                .noAnswer, parts.lazy.compactMap { $0.findings.first?.detail }.first ?? "no list was read")
        }
        fresh.isUnchanged = parts.allSatisfy { $0.isKnown } && compute == nil
        let day = desk.today
        fresh.sources.append(
            PriceSource(
                key: Self.listKey(day), kind: .observed, date: day, what: "AWS bulk price list of EC2, on demand, Linux"
            ))
        if parts.contains(where: \.hasSpot) {
            fresh.sources.append(
                PriceSource(
                    key: Self.spotKey(day), kind: .observed, date: day,
                    what: "EC2 DescribeSpotPriceHistory, the price of that moment in each zone"))
        }
        return fresh
    }

    static func listKey(_ day: CalendarDay) -> String { "price-list-\(day)" }
    static func spotKey(_ day: CalendarDay) -> String { "spot-history-\(day)" }

    private func spotSource(_ desk: PriceDesk, _ findings: inout [PriceReview.Finding]) async -> AmazonCompute? {
        do throws(AWSError) {
            let compute = try AmazonCompute(desk)
            try await compute.checkCredentials()
            return compute
        } catch {
            findings.append(
                PriceReview.Finding(.kept, "spot prices and zones of aws", "stay as they were known: \(error.message)"))
            return nil
        }
    }

    private struct Part: Sendable {
        var region: String
        var records: [OfferRecord] = []
        var findings: [PriceReview.Finding] = []
        var isRead = false
        var isKnown = false
        var hasSpot = false
    }

    private static func part(
        of region: AmazonPriceList.RegionIndex.Region, list: AmazonPriceList, compute: AmazonCompute?,
        known: KnownOffers, desk: PriceDesk
    ) async -> Part {
        var part = Part(region: region.regionCode)
        let listing: AmazonPriceList.Listing
        do throws(FeedFailure) { listing = try await list.listing(of: region) } catch {
            part.findings.append(
                PriceReview.Finding(.kept, region.regionCode, "prices stay as they were known: \(error.message)"))
            return part
        }
        part.findings += listing.findings
        (part.isRead, part.isKnown) = (true, listing.isKnown)
        var market: AmazonCompute.Market?
        if let compute {
            do throws(AWSError) { market = try await compute.market(of: region.regionCode) } catch {
                part.findings.append(
                    PriceReview.Finding(
                        .kept, "spot of \(region.regionCode)", "spot prices stay as they were known: \(error.message)"))
            }
        }
        part.hasSpot = market != nil
        let merge = AmazonMerge(region: region.regionCode, known: known, market: market, day: desk.today)
        var strange: [String] = []
        for machine in listing.machines {
            let records = merge.records(of: machine)
            if records.isEmpty { strange.append(machine.type) }
            part.records += records
        }
        part.findings += strange.map {
            PriceReview.Finding(.unknownMachine, $0, "in \(region.regionCode): its accelerators are not known")
        }
        return part
    }
}

/// Puts together what the list, EC2 and the catalog know of a machine type.
struct AmazonMerge {
    let region: String
    let known: KnownOffers
    let market: AmazonCompute.Market?
    let day: CalendarDay

    /// A row for each price that its spot has in some zones; none for a machine with accelerators of which nothing is known.
    func records(of machine: AmazonListing) -> [OfferRecord] {
        let before = known.records(of: machine.type, in: region)
        guard var plain = before.first ?? shape(of: machine) else { return [] }
        plain.price = machine.price
        plain.source = AmazonFeed.listKey(day)
        (plain.priceWas, plain.spotPriceWas) = (nil, nil)
        guard let market else {
            guard !before.isEmpty else { return [plain] }
            return before.map { old in
                var record = old
                (record.price, record.source, record.priceWas) = (machine.price, AmazonFeed.listKey(day), nil)
                record.spotPriceWas = nil
                return record
            }
        }
        return rows(
            plain, zones: market.zones[machine.type] ?? Set(before.flatMap(\.zones)), market.spot[machine.type] ?? [:])
    }

    private func rows(_ plain: OfferRecord, zones: Set<String>, _ spot: [String: Money]) -> [OfferRecord] {
        var plain = plain
        plain.spotSource = AmazonFeed.spotKey(day)
        let byPrice = Dictionary(grouping: zones.union(spot.keys).sorted()) { spot[$0] }
        guard !byPrice.isEmpty else {
            plain.spotPrice = nil
            return [plain]
        }
        return byPrice.map { price, zones in
            var record = plain
            (record.zones, record.spotPrice) = (zones, price)
            return record
        }
    }

    /// Of a type that is new here, from what it is elsewhere, or from the list.
    private func shape(of machine: AmazonListing) -> OfferRecord? {
        if let shape = known.shapes[machine.type] {
            var record = shape
            (record.region, record.zones, record.spotPrice, record.spotSource) = (region, [], nil, "none")
            record.interruptions = ""
            return record
        }
        guard !machine.hasAccelerator, let cpus = Double(machine.cpus), let memory = Double(machine.memoryGiB),
            cpus > 0, memory > 0
        else { return nil }
        var capabilities: [String] = machine.isArm ? ["arm64"] : []
        if machine.type.contains(".metal") { capabilities.append("bare-metal") }
        if let series = machine.type.first, series == "t" { capabilities.append("burstable") }
        return OfferRecord(
            type: machine.type, region: region, cpus: plainNumber(cpus), memoryGiB: plainNumber(memory),
            capabilities: capabilities)
    }
}
