import SkyCore

extension UserRules {
    /// Asks for machines that are reserved; offers of commitments have it.
    static let reservedCapability = "reserved"

    private static let agreed = PriceSource.plain[3]
    private static let none = PriceSource.plain[2]

    /// Puts the rules into effect on a provider's rows.
    func apply(to rows: inout OfferRows, of profile: ProviderProfile, path: String) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for discount in discounts {
            if let problem = apply(discount, to: &rows, path) { diagnostics.append(problem) }
        }
        for commitment in commitments {
            if let problem = apply(commitment, to: &rows, path) { diagnostics.append(problem) }
        }
        let regions = profile.regions.map(\.name)
        for host in hosts {
            guard regions.contains(host.region) else {
                diagnostics.append(
                    Diagnostic(
                        code: "catalog.unknown-region", path: path, range: host.range,
                        message: "region '\(host.region)' of host '\(host.name)' is not under regions",
                        help: nearestName(to: host.region, among: regions).map { "did you mean '\($0)'?" }))
                continue
            }
            add(host, to: &rows)
        }
        if isTrusted {
            for index in 0..<rows.count { rows[index].flags = [] }
        }
        return diagnostics
    }

    private func apply(_ discount: Discount, to rows: inout OfferRows, _ path: String) -> Diagnostic? {
        let types = Set((0..<Int32(rows.types.count)).filter { discount.types.matches(rows.types[$0]) })
        let regions = Set(discount.regions.map { rows.regions.id(of: $0) ?? -1 })
        var found = false
        for index in 0..<rows.count {
            var row = rows[index]
            guard types.contains(row.type), regions.isEmpty || regions.contains(row.region) else { continue }
            found = true
            let old = rows.sourcePairs[Int(row.sourcePair)]
            var pair = (rows.sources[Int(old.onDemand)], rows.sources[Int(old.spot)])
            if discount.market != .spot, row.onDemand > 0 {
                row.onDemand = Self.reduced(row.onDemand, by: discount.share)
                pair.0 = Self.agreed
            }
            if discount.market != .onDemand, row.spot > 0 {
                row.spot = Self.reduced(row.spot, by: discount.share)
                pair.1 = Self.agreed
            }
            row.sourcePair = rows.sourcePair(pair.0, pair.1)
            rows[index] = row
        }
        return found ? nil : noSuchType(discount.types, in: discount.regions.first, rows, discount.range, path)
    }

    /// Each machine that matches gets a second row, at its own price and for as many as there are.
    private func apply(_ commitment: Commitment, to rows: inout OfferRows, _ path: String) -> Diagnostic? {
        let region = rows.regions.id(of: commitment.region) ?? -1
        var seen: Set<[Int32]> = []
        for index in 0..<rows.count {
            var row = rows[index]
            guard
                row.region == region, row.available < 0, commitment.types.matches(rows.types[row.type]),
                seen.insert([row.type, row.accelerator]).inserted
            else { continue }
            switch commitment.price {
            case .perHour(let price): row.onDemand = price.nanodollars
            case .off(let share):
                guard row.onDemand > 0 else { continue }
                row.onDemand = Self.reduced(row.onDemand, by: share)
            }
            row.spot = OfferRows.noPrice
            row.flags = []
            row.note = -1
            row.available = commitment.count
            row.interruptions = .nan
            if !commitment.zones.isEmpty { row.zoneList = rows.zoneList(commitment.zones) }
            row.capabilitySet = rows.capabilitySet(
                rows.capabilitySets[Int(row.capabilitySet)] + [Self.reservedCapability])
            row.sourcePair = rows.sourcePair(Self.agreed, Self.none)
            rows.append(row)
        }
        return seen.isEmpty ? noSuchType(commitment.types, in: commitment.region, rows, commitment.range, path) : nil
    }

    private func add(_ host: OwnHost, to rows: inout OfferRows) {
        rows.append(
            OfferRows.Row(
                type: rows.types.intern(host.name), region: rows.regions.intern(host.region),
                zoneList: rows.zoneList([]), accelerator: rows.accelerator(host.accelerator),
                capabilitySet: rows.capabilitySet(host.capabilities),
                sourcePair: rows.sourcePair(Self.agreed, Self.none), cpus: host.cpus, memoryGiB: host.memoryGiB,
                onDemand: host.pricePerHour.nanodollars, spot: OfferRows.noPrice, available: host.count))
    }

    private static func reduced(_ price: Int64, by share: Int64) -> Int64 {
        Money(nanodollars: price).scaled(by: 100_000_000_000 - share, over: 100_000_000_000).nanodollars
    }

    private func noSuchType(
        _ types: TypePattern, in region: String?, _ rows: OfferRows, _ range: SourceRange, _ path: String
    ) -> Diagnostic {
        let place = region.map { " in \($0)" } ?? ""
        let isKnown = rows.types.names.contains(where: types.matches)
        return Diagnostic(
            code: "catalog.unknown-type", path: path, range: range,
            message: "no machine type is like '\(types.text)'\(isKnown ? place : "")",
            expected: "a machine type, a family such as m6i, or a pattern such as m6i.*",
            help: nearestName(
                to: isKnown ? region ?? "" : types.text, among: isKnown ? rows.regions.names : rows.types.names
            )
            .map { "did you mean '\($0)'?" })
    }
}

extension OfferRows {
    /// A person's own rows over these: where machine, region and accelerators are the same, prices that are given
    /// replace the old ones; what is not there yet is added.
    mutating func override(with own: OfferRows) {
        var places: [[Int32]: [Int]] = [:]
        for index in 0..<count {
            places[[rows[index].type, rows[index].region, rows[index].accelerator], default: []].append(index)
        }
        for ownRow in own.rows {
            var row = ownRow
            row.type = types.intern(own.types[ownRow.type])
            row.region = regions.intern(own.regions[ownRow.region])
            row.accelerator = accelerator(ownRow.accelerator < 0 ? nil : own.accelerators[Int(ownRow.accelerator)])
            row.zoneList = zoneList(own.zoneLists[Int(ownRow.zoneList)])
            row.capabilitySet = capabilitySet(own.capabilitySets[Int(ownRow.capabilitySet)])
            let pair = own.sourcePairs[Int(ownRow.sourcePair)]
            let ownSources = (own.sources[Int(pair.onDemand)], own.sources[Int(pair.spot)])
            row.sourcePair = sourcePair(ownSources.0, ownSources.1)
            guard let old = places[[row.type, row.region, row.accelerator]] else {
                append(row)
                continue
            }
            for index in old { replacePrices(at: index, by: row, ownSources) }
        }
    }

    private mutating func replacePrices(at index: Int, by own: Row, _ ownSources: (PriceSource, PriceSource)) {
        var row = rows[index]
        let before = (row.onDemand, row.spot)
        let pair = sourcePairs[Int(row.sourcePair)]
        var kept = (sources[Int(pair.onDemand)], sources[Int(pair.spot)])
        row.flags = own.flags
        if own.onDemand != Self.noPrice { (row.onDemand, kept.0) = (own.onDemand, ownSources.0) }
        if own.spot != Self.noPrice { (row.spot, kept.1) = (own.spot, ownSources.1) }
        row.available = own.available
        row.sourcePair = sourcePair(kept.0, kept.1)
        flagJump(&row, onDemandWas: before.0, spotWas: before.1)
        self[index] = row
    }
}
