import SkyCore

/// Tariffs worked out for every pair of known locations, where they lie in an image: planning asks for thousands of
/// pairs. The region `*` stands for those that are not known.
struct TariffTable: Sendable {
    private let image: ImageBytes
    private let numbers: [Location: Int]
    private let tierLists: [[EgressTier]]
    /// By origin and destination: which tier list; -1: nothing is known.
    private let tierOf: Column<Int16>
    /// By origin and destination: 10⁹ bits per second; 0: never measured.
    private let speeds: Column<Double>
    /// Locations for which there is a rate from them to themselves.
    private let isNamedWithin: Set<Int>

    static let everywhere = Location(provider: "*", region: "*")

    init(_ reader: inout ImageReader) throws(DamagedImage) {
        image = reader.bytes
        let locations = try reader.list { (reader) throws(DamagedImage) in
            Location(provider: try reader.text(), region: try reader.text())
        }
        tierLists = try reader.list { (reader) throws(DamagedImage) in
            try reader.list { (reader) throws(DamagedImage) in
                EgressTier(
                    upToGB: try reader.optional { (reader) throws(DamagedImage) in Int64(try reader.integer()) },
                    perGigabyte: Money(nanodollars: Int64(try reader.integer())))
            }
        }
        tierOf = try reader.column(of: Int16.self)
        speeds = try reader.column(of: Double.self)
        isNamedWithin = Set(
            try reader.list { (reader) throws(DamagedImage) in try reader.integer() })
        guard tierOf.count == locations.count * locations.count, speeds.count == tierOf.count else {
            throw DamagedImage()
        }
        numbers = Dictionary(zip(locations, locations.indices), uniquingKeysWith: { first, _ in first })
    }

    /// Nil when nothing is known about leaving `from`.
    func tiers(from: Location, to: Location) -> [EgressTier]? {
        guard
            let origin = numbers[from] ?? numbers[Location(provider: from.provider, region: "*")],
            let target = numbers[to] ?? numbers[Location(provider: to.provider, region: "*")]
                ?? numbers[Self.everywhere]
        else { return nil }
        let list = tierOf[origin * numbers.count + target]
        return list >= 0 && list < tierLists.count ? tierLists[Int(list)] : nil
    }

    /// What a tariff says about traffic within a location, if it names it; general rates do not mean that.
    func tiersWithin(_ location: Location) -> [EgressTier]? {
        guard let number = numbers[location], isNamedWithin.contains(number) else { return nil }
        return tiers(from: location, to: location)
    }

    /// What the provider's dearest region asks for traffic to anywhere; nil when nothing is known about it.
    func dearestTiers(fromAnyRegionOf provider: String) -> [EgressTier]? {
        guard let target = numbers[Self.everywhere] else { return nil }
        return numbers.filter { $0.key.provider == provider }.compactMap { location, origin in
            let list = tierOf[origin * numbers.count + target]
            return list >= 0 && list < tierLists.count ? tierLists[Int(list)] : nil
        }.max { ($0.first?.perGigabyte ?? .zero) < ($1.first?.perGigabyte ?? .zero) }
    }

    /// Nil when the pair was never measured.
    func gigabitsPerSecond(from: Location, to: Location) -> Double? {
        guard let origin = numbers[from], let target = numbers[to] else { return nil }
        let speed = speeds[origin * numbers.count + target]
        return speed > 0 ? speed : nil
    }
}

extension Tariffs {
    /// What `TariffTable.init` reads.
    ///
    /// - Parameter regions: every location that there are offers in.
    func write(to image: inout ImageWriter, regions: [Location]) {
        var locations: Set<Location> = [TariffTable.everywhere]
        for location in regions + throughput.flatMap({ [$0.from, $0.to] }) {
            locations.insert(location)
            locations.insert(Location(provider: location.provider, region: "*"))
        }
        for rate in egress {
            locations.insert(Location(provider: rate.provider, region: rate.region ?? "*"))
            locations.insert(Location(provider: rate.provider, region: "*"))
            switch rate.destination {
            case .location(let location):
                locations.insert(location)
                locations.insert(Location(provider: location.provider, region: "*"))
            case .provider(let provider): locations.insert(Location(provider: provider, region: "*"))
            case .anywhere: break
            }
        }
        let sorted = locations.sorted()
        let numbers = Dictionary(zip(sorted, sorted.indices), uniquingKeysWith: { first, _ in first })
        var lists: [[EgressTier]] = []
        let matrix = egressMatrix(sorted, numbers, &lists)
        var speeds = [Double](repeating: 0, count: sorted.count * sorted.count)
        for pair in throughput {
            guard let from = numbers[pair.from], let to = numbers[pair.to] else { continue }
            speeds[from * sorted.count + to] = pair.gigabitsPerSecond
        }
        image.list(sorted) { image, location in
            image.text(location.provider)
            image.text(location.region)
        }
        image.list(lists) { image, tiers in
            image.list(tiers) { image, tier in
                image.optional(tier.upToGB) { $0.integer($1) }
                image.integer(tier.perGigabyte.nanodollars)
            }
        }
        image.column(matrix)
        image.column(speeds)
        let within = egress.compactMap { rate -> Int? in
            guard
                let region = rate.region, case .location(let target) = rate.destination,
                target == Location(provider: rate.provider, region: region)
            else { return nil }
            return numbers[target]
        }
        image.list(within) { $0.integer($1) }
    }

    /// For each origin the rates that hold for it, the general ones first, so that the specific ones overwrite them.
    private func egressMatrix(
        _ locations: [Location], _ numbers: [Location: Int], _ lists: inout [[EgressTier]]
    ) -> [Int16] {
        var listNumbers: [[EgressTier]: Int16] = [:]
        var ofProvider: [String: Range<Int>] = [:]
        for (index, location) in locations.enumerated() {
            ofProvider[location.provider] = (ofProvider[location.provider]?.lowerBound ?? index)..<index + 1
        }
        var byOrigin: [Location: [EgressRate]] = [:]
        for rate in egress {
            byOrigin[Location(provider: rate.provider, region: rate.region ?? "*"), default: []].append(rate)
        }
        var matrix = [Int16](repeating: -1, count: locations.count * locations.count)
        for (origin, location) in locations.enumerated() {
            let general = byOrigin[Location(provider: location.provider, region: "*")] ?? []
            let own = location.region == "*" ? [] : byOrigin[location] ?? []
            for (breadth, rates) in [(0, general), (0, own), (1, general), (1, own), (2, general), (2, own)] {
                for rate in rates where rate.breadth == breadth {
                    let number = listNumbers[rate.tiers] ?? Int16(clamping: lists.count)
                    if listNumbers.updateValue(number, forKey: rate.tiers) == nil { lists.append(rate.tiers) }
                    let targets: Range<Int>
                    switch rate.destination {
                    case .anywhere: targets = locations.indices
                    case .provider(let name): targets = ofProvider[name] ?? 0..<0
                    case .location(let place): targets = numbers[place].map { $0..<$0 + 1 } ?? 0..<0
                    }
                    for target in targets { matrix[origin * locations.count + target] = number }
                }
            }
        }
        return matrix
    }
}

extension EgressRate {
    /// 0: everywhere, 1: a provider, 2: one location.
    fileprivate var breadth: Int {
        switch destination {
        case .anywhere: 0
        case .provider: 1
        case .location: 2
        }
    }
}
