import SkyCore

extension OfferRows {
    /// A price list's slip of the pen, such as a spot price in the on-demand column, is cheaper than all else and would
    /// win every time. Marks on-demand prices that are a fifth or less, or five times or more, of the middle one of their
    /// machine; only where at least five regions sell it.
    mutating func flagOutliers() {
        var prices: [Int64: [Int64]] = [:]
        var seen: Set<Int64> = []
        for index in 0..<count where self[index].onDemand > 0 {
            let row = self[index]
            // Rows of one region that differ in their zones count once.
            guard seen.insert(Self.machine(row) << 20 | Int64(row.region)).inserted else { continue }
            prices[Self.machine(row), default: []].append(row.onDemand)
        }
        let middles = prices.compactMapValues { prices in
            prices.count >= 5 ? prices.sorted()[prices.count / 2] : nil
        }
        for index in 0..<count where self[index].onDemand > 0 {
            var row = self[index]
            guard let middle = middles[Self.machine(row)], Self.isFar(row.onDemand, from: middle) else { continue }
            row.flags.insert(.outlier)
            row.note = note("other regions ask about \(Money(nanodollars: middle).exactDecimal)")
            self[index] = row
        }
    }

    private static func machine(_ row: Row) -> Int64 { Int64(row.type) << 20 | Int64(row.accelerator + 1) }

    private static func isFar(_ price: Int64, from middle: Int64) -> Bool {
        let (a, b) = (Int128(price), Int128(middle))
        return a * 5 <= b || a >= b * 5
    }

    /// Marks the prices of a row that are ten times, or a tenth of, what they were. Prices that are not given are not
    /// compared.
    mutating func flagJump(_ row: inout Row, onDemandWas: Int64, spotWas: Int64) {
        var words: [String] = []
        if Self.isJump(from: onDemandWas, to: row.onDemand) {
            row.flags.insert(.jumpOnDemand)
            words.append("the price was \(Money(nanodollars: onDemandWas).exactDecimal)")
        }
        if Self.isJump(from: spotWas, to: row.spot) {
            row.flags.insert(.jumpSpot)
            words.append("the spot price was \(Money(nanodollars: spotWas).exactDecimal)")
        }
        if !words.isEmpty { row.note = note(words.joined(separator: ", ")) }
    }

    /// Ten times as much or more, or a tenth or less.
    static func isJump(from old: Int64, to new: Int64) -> Bool {
        guard old > 0, new > 0 else { return false }
        let (a, b) = (Int128(old), Int128(new))
        return b >= a * 10 || b * 10 <= a
    }
}
