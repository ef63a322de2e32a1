import SkyCatalog
import SkyCore

/// Offers, one line each, in the order given.
struct CatalogScreen: Sendable {
    let offers: [Offer]
    /// How many there are in all, shown or not.
    let total: Int

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init("PROVIDER"), .init("REGION", shrinksTo: 12), .init("INSTANCE", shrinksTo: 14),
            .init("ACCELERATORS", .right, isOptional: true), .init("CPUS", .right), .init("GIB", .right),
            .init("$/HOUR", .right), .init("MARKET"), .init("CAPABILITIES", shrinksTo: 8, isOptional: true),
        ])
        table.addHeader()
        for offer in offers {
            table.addRow([
                StyledText(offer.provider, .cyan), "\(offer.zone ?? offer.region)", "\(offer.instanceType)",
                "\(offer.accelerator?.description ?? "")", "\(trimmed(offer.cpus))", "\(trimmed(offer.memoryGiB))",
                "\(Figures.hourly(offer.pricePerHour))",
                offer.market == .spot ? StyledText("spot", .yellow) : StyledText("on-demand", .dim),
                StyledText(offer.capabilities.joined(separator: " "), .dim),
            ])
        }
        return table.lines(width: width)
    }

    /// Said below the table: how many there are, and how to see the rest.
    var summary: StyledText {
        guard offers.count < total else { return StyledText(Figures.count(total, "offer"), .dim) }
        return StyledText(
            "the first \(Figures.grouped(offers.count)) of \(Figures.count(total, "offer")); --limit 0 shows all", .dim)
    }
}
