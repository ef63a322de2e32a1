public import SkyCore

/// One provider's profile and offers. A class, so that handing it on does not count a reference per column.
final class ProviderShelf: Sendable {
    let profile: ProviderProfile
    let table: OfferTable
    /// By source pair: the figure is older than the catalog's settings allow.
    private let isStale: [(onDemand: Bool, spot: Bool)]
    private let usesFlagged: Bool
    private let hasStale: Bool

    init(profile: ProviderProfile, table: OfferTable, settings: CatalogSettings) {
        self.profile = profile
        self.table = table
        usesFlagged = settings.usesFlagged
        isStale = table.sourcePairs.map { pair in
            func isStale(_ index: Int32) -> Bool {
                guard table.sources.indices.contains(Int(index)) else { return false }
                return settings.isStale(table.sources[Int(index)].date)
            }
            return (isStale(pair.onDemand), isStale(pair.spot))
        }
        hasStale = isStale.contains { $0.onDemand || $0.spot }
    }

    /// The price is no mistake as far as anyone can see, or the settings say to use it anyway.
    @inline(__always) func isUsable(_ row: Int, _ market: Offer.Market) -> Bool {
        usesFlagged || (table.flags(row).isDisjoint(with: .of(market)) && !isStale(row, market))
    }

    func isStale(_ row: Int, _ market: Offer.Market) -> Bool {
        guard hasStale, isStale.indices.contains(Int(table.sourcePair[row])) else { return false }
        let stale = isStale[Int(table.sourcePair[row])]
        return market == .spot ? stale.spot : stale.onDemand
    }

    /// Where a price comes from.
    func source(_ row: Int, _ market: Offer.Market) -> PriceSource? {
        guard table.sourcePairs.indices.contains(Int(table.sourcePair[row])) else { return nil }
        let pair = table.sourcePairs[Int(table.sourcePair[row])]
        let index = Int(market == .spot ? pair.spot : pair.onDemand)
        return table.sources.indices.contains(index) ? table.sources[index] : nil
    }
}

/// How much a catalog's figures are believed.
public struct CatalogSettings: Hashable, Sendable {
    /// Older figures are flagged.
    public var maximumAgeInDays: Int
    /// The day that ages are counted to; nil: no figure is too old.
    public var today: CalendarDay?
    /// Offers whose figures are flagged are candidates too.
    public var usesFlagged: Bool

    /// Three years: list prices move slowly, and most of a catalog is older than a year.
    public static let usualMaximumAge = 1096

    public init(
        maximumAgeInDays: Int = Self.usualMaximumAge, today: CalendarDay? = nil, usesFlagged: Bool = false
    ) {
        self.maximumAgeInDays = maximumAgeInDays
        self.today = today
        self.usesFlagged = usesFlagged
    }

    func isStale(_ date: CalendarDay?) -> Bool {
        guard let today, let date else { return false }
        return today.number - date.number > maximumAgeInDays
    }
}
