public import SkyCore

/// Why a price is not believed. Flagged offers are no candidates unless the settings say so.
public enum OfferFlag: Hashable, Sendable, CustomStringConvertible {
    /// A price of 0 that nobody declared.
    case zeroPrice
    /// Ten times the price of the last snapshot or more, or a tenth or less; the words say what it was.
    case jump(String)
    /// A fifth of what the same machine costs in the middle of its regions or less, or five times that or more.
    case outlier(String)
    /// The figure is from this day: too long ago.
    case old(CalendarDay)

    public var description: String {
        switch self {
        case .zeroPrice: "the price is 0"
        case .jump(let words), .outlier(let words): words
        case .old(let day): "the figure is from \(day)"
        }
    }

    /// A stable word: `zero-price`, `jump`, `outlier`, `old`.
    public var name: String {
        switch self {
        case .zeroPrice: "zero-price"
        case .jump: "jump"
        case .outlier: "outlier"
        case .old: "old"
        }
    }
}

extension Catalog {
    /// What is flagged about an offer of this catalog; mostly nothing.
    public func flags(of offer: Offer) -> [OfferFlag] {
        rows(of: offer).first.map { shelf, row in shelf.flags(row, offer.market) } ?? []
    }
}

extension ProviderShelf {
    func isFlagged(_ row: Int, _ market: Offer.Market) -> Bool {
        !table.flags(row).isDisjoint(with: .of(market)) || isStale(row, market)
    }

    func flags(_ row: Int, _ market: Offer.Market) -> [OfferFlag] {
        let bits = table.flags(row).intersection(.of(market))
        var flags: [OfferFlag] = []
        if !bits.isDisjoint(with: [.zeroOnDemand, .zeroSpot]) { flags.append(.zeroPrice) }
        let note = Int(table.note[row])
        let words = table.notes.indices.contains(note) ? table.notes[note] : nil
        if !bits.isDisjoint(with: [.jumpOnDemand, .jumpSpot]) {
            flags.append(.jump(words ?? "the price jumped tenfold"))
        }
        if bits.contains(.outlier) { flags.append(.outlier(words ?? "the price is far from that of other regions")) }
        if isStale(row, market), let date = source(row, market)?.date { flags.append(.old(date)) }
        return flags
    }
}
