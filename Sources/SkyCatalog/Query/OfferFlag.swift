import SkyCore

/// Why a price is not believed. Flagged offers are no candidates unless the settings say so.
public enum OfferFlag: Hashable, Sendable, CustomStringConvertible {
    /// A price of 0 that nobody declared.
    case zeroPrice
    /// Ten times the price of the last snapshot or more, or a tenth or less; the words say what it was.
    case jump(String)
    /// The figure is from this day: too long ago.
    case old(CalendarDay)

    public var description: String {
        switch self {
        case .zeroPrice: "the price is 0"
        case .jump(let words): words
        case .old(let day): "the figure is from \(day)"
        }
    }

    /// A stable word: `zero-price`, `jump`, `old`.
    public var name: String {
        switch self {
        case .zeroPrice: "zero-price"
        case .jump: "jump"
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
        if !bits.isDisjoint(with: [.jumpOnDemand, .jumpSpot]) {
            let note = Int(table.note[row])
            flags.append(.jump(table.notes.indices.contains(note) ? table.notes[note] : "the price jumped tenfold"))
        }
        if isStale(row, market), let date = source(row, market)?.date { flags.append(.old(date)) }
        return flags
    }
}
