import SkyCore

/// Holds prices that were just read against what was known: what is not believed is named, and left out or flagged.
public struct PriceReview: Sendable {
    /// Something that people should know about a refresh.
    public struct Finding: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
            /// A price of nothing, which nobody gives; left out.
            case zeroPrice = "zero-price"
            /// Left out.
            case negativePrice = "negative-price"
            /// Ten times what it was, or a tenth; no candidate until it is accepted.
            case jump
            /// One machine has several prices; left out.
            case duplicate
            /// The profile does not say where that is; left out.
            case unknownRegion = "unknown-region"
            /// Nothing says how large it is; left out.
            case unknownMachine = "unknown-machine"
            /// Is no longer in the list.
            case vanishedMachine = "vanished-machine"
            case vanishedRegion = "vanished-region"
            /// A row that cannot be read; left out.
            case badRow = "bad-row"
            /// Not in US dollars; left out.
            case wrongCurrency = "wrong-currency"
            /// Could not be read; what was known stays.
            case kept
        }

        public let kind: Kind
        /// `p5.48xlarge in us-east-1`
        public let subject: String
        public let detail: String

        public init(_ kind: Kind, _ subject: String, _ detail: String) {
            (self.kind, self.subject, self.detail) = (kind, subject, detail)
        }
    }

    /// What is written, jumps included, which are flagged.
    public private(set) var records: [OfferRecord] = []
    public private(set) var findings: [Finding] = []
    /// Prices, of both markets.
    public private(set) var changed = 0
    public private(set) var added = 0
    public private(set) var removed = 0
    /// Which part of the machines that were known, counted once per region, is still there.
    public private(set) var coverage = 1.0

    private let known: [OfferRecord.Key: [OfferRecord]]
    private let acceptsJumps: Bool

    /// - Parameters:
    ///   - fresh: what was read, of the regions `covered`.
    ///   - known: all that was known; what is in other regions stays.
    ///   - regions: those of the profile.
    ///   - acceptsJumps: somebody has looked at them.
    public init(
        of fresh: [OfferRecord], known: [OfferRecord], covered: Set<String>, regions: Set<String>, acceptsJumps: Bool
    ) {
        let before = known.filter { covered.contains($0.region) }
        self.known = Dictionary(grouping: before, by: \.key)
        self.acceptsJumps = acceptsJumps
        records = known.filter { !covered.contains($0.region) }
        var strange: [String: Set<String>] = [:]
        let groups = Dictionary(grouping: fresh.filter { covered.contains($0.region) }, by: \.key)
        for key in groups.keys.sorted(by: {
            ($0.type, $0.region, $0.accelerators) < ($1.type, $1.region, $1.accelerators)
        }) {
            guard regions.contains(key.region) else {
                strange[key.region, default: []].insert(key.type)
                continue
            }
            take(groups[key] ?? [], key)
        }
        for (region, types) in strange.sorted(by: { $0.key < $1.key }) {
            note(
                .unknownRegion, region,
                "\(counted(types.count, "machine type")) left out; provider.yaml has no such region")
        }
        findVanished(before)
    }

    private mutating func note(_ kind: Finding.Kind, _ subject: String, _ detail: String) {
        findings.append(Finding(kind, subject, detail))
    }

    /// All rows of one machine in one region.
    private mutating func take(_ rows: [OfferRecord], _ key: OfferRecord.Key) {
        let subject = "\(key.type)\(key.accelerators.isEmpty ? "" : " with \(key.accelerators)") in \(key.region)"
        var sound = rows.compactMap { withoutBadPrices($0, subject) }
        let prices = Set(sound.map(\.price))
        if prices.count > 1 {
            let list = prices.compactMap { $0?.exactDecimal }.sorted().joined(separator: ", ")
            return note(.duplicate, subject, "is priced several times: \(list)")
        }
        if Set(sound.map(\.zones)).count < Set(sound).count, Set(sound.map(\.spotPrice)).count > 1 {
            let list = Set(sound.compactMap { $0.spotPrice?.exactDecimal }).sorted().joined(separator: ", ")
            note(.duplicate, "spot of \(subject)", "is priced several times: \(list)")
            for index in sound.indices { sound[index].spotPrice = nil }
            sound = Array(Set(sound)).filter { $0.price != nil }
        }
        compare(&sound, key, subject)
        records += sound
    }

    private mutating func withoutBadPrices(_ row: OfferRecord, _ subject: String) -> OfferRecord? {
        var row = row
        for (path, market) in [(\OfferRecord.price, ""), (\OfferRecord.spotPrice, "spot of ")] {
            guard let price = row[keyPath: path], price <= .zero else { continue }
            note(
                price == .zero ? .zeroPrice : .negativePrice, market + subject,
                "costs \(price.exactDecimal), which nobody asks")
            row[keyPath: path] = nil
        }
        return row.price == nil && row.spotPrice == nil ? nil : row
    }

    private mutating func compare(_ rows: inout [OfferRecord], _ key: OfferRecord.Key, _ subject: String) {
        guard let old = known[key] else {
            added += rows.isEmpty ? 0 : 1
            return
        }
        for index in rows.indices {
            let before = old.first { !Set($0.zones).isDisjoint(with: rows[index].zones) } ?? old.first
            guard let before else { continue }
            let was = jump(from: before.price, before.priceWas, to: rows[index].price)
            let spotWas = jump(from: before.spotPrice, before.spotPriceWas, to: rows[index].spotPrice)
            if before.price != rows[index].price { changed += 1 }
            if before.spotPrice != rows[index].spotPrice { changed += 1 }
            for (was, now, market) in [(was, rows[index].price, ""), (spotWas, rows[index].spotPrice, "spot of ")] {
                guard let was, let now else { continue }
                note(.jump, market + subject, "was \(was.exactDecimal) and is \(now.exactDecimal)")
            }
            (rows[index].priceWas, rows[index].spotPriceWas) = acceptsJumps ? (nil, nil) : (was, spotWas)
        }
    }

    /// The price that `new` is ten times of, or a tenth: the one known, or the one before if that is what jumped.
    private func jump(from old: Money?, _ earlier: Money?, to new: Money?) -> Money? {
        guard let old, let new else { return nil }
        if let earlier, OfferRows.isJump(from: earlier.nanodollars, to: new.nanodollars) { return earlier }
        if earlier != nil { return nil }
        return OfferRows.isJump(from: old.nanodollars, to: new.nanodollars) ? old : nil
    }

    private mutating func findVanished(_ before: [OfferRecord]) {
        let there = Set(records.map(\.key))
        let gone = Set(before.map(\.key)).subtracting(there)
        removed = gone.count
        let total = Set(before.map(\.key)).count
        coverage = total == 0 ? 1 : Double(total - gone.count) / Double(total)
        let (regionsNow, typesNow) = (Set(records.map(\.region)), Set(records.map(\.type)))
        for region in Set(gone.map(\.region)).subtracting(regionsNow).sorted() {
            note(.vanishedRegion, region, "has no machines any more")
        }
        for type in Set(gone.map(\.type)).subtracting(typesNow).sorted() {
            note(.vanishedMachine, type, "is not sold any more, as far as this source says")
        }
    }

    private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
