public import SkyCore

/// How much a catalog has of one provider.
public struct ProviderSummary: Hashable, Sendable {
    public var name: String
    public var machineTypes: Int
    /// A row is one machine in one region at one price on each market.
    public var rows: Int
    public var regions: Int
    /// Rows with a price that is flagged.
    public var flaggedRows: Int
    /// The dates of the oldest and newest source.
    public var oldest: CalendarDay?
    public var newest: CalendarDay?
    /// How the on-demand prices are known, by kind.
    public var observed: Int
    public var derived: Int
}

extension Catalog {
    /// By name.
    public var summaries: [ProviderSummary] {
        shelves.map { shelf in
            let table = shelf.table
            var summary = ProviderSummary(
                name: shelf.profile.name, machineTypes: table.types.count, rows: table.count,
                regions: shelf.profile.regions.count, flaggedRows: 0, oldest: nil, newest: nil, observed: 0, derived: 0)
            for row in 0..<table.count {
                if shelf.isFlagged(row, .onDemand) || shelf.isFlagged(row, .spot) { summary.flaggedRows += 1 }
                switch shelf.source(row, .onDemand)?.kind {
                case .observed, .agreed: summary.observed += 1
                case .derived: summary.derived += 1
                default: break
                }
            }
            let dates = shelf.profile.sources.compactMap(\.date)
            (summary.oldest, summary.newest) = (dates.min(), dates.max())
            return summary
        }
    }
}
