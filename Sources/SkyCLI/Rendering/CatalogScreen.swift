import SkyCatalog
import SkyCore

/// Offers, one line each, in the order given.
struct CatalogScreen: Sendable {
    let offers: [ListedOffer]
    /// How many there are in all, shown or not.
    let total: Int
    /// Says why they are flagged.
    var showsFlags = false

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init("PROVIDER"), .init("REGION", shrinksTo: 12), .init("INSTANCE", shrinksTo: 14),
            .init("ACCELERATORS", .right, isOptional: true), .init("CPUS", .right), .init("GIB", .right),
            .init("$/HOUR", .right), .init("MARKET"), .init("CAPABILITIES", shrinksTo: 8, isOptional: true),
            .init("FLAGGED", shrinksTo: 8, isOptional: true),
        ])
        table.addHeader()
        for listed in offers {
            let offer = listed.offer
            table.addRow([
                StyledText(offer.provider, .cyan), "\(offer.zone ?? offer.region)", "\(offer.instanceType)",
                "\(offer.accelerator?.description ?? "")", "\(trimmed(offer.cpus))", "\(trimmed(offer.memoryGiB))",
                "\(Figures.hourly(offer.pricePerHour))",
                offer.market == .spot ? StyledText("spot", .yellow) : StyledText("on-demand", .dim),
                StyledText(offer.capabilities.joined(separator: " "), .dim),
                StyledText(showsFlags ? listed.flags.map(\.description).joined(separator: "; ") : "", .yellow),
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

    var csv: String {
        let header = [
            "provider", "region", "zones", "instance_type", "accelerator", "accelerator_count", "accelerator_memory_gb",
            "cpus", "memory_gib", "price_per_hour_usd", "market", "capabilities", "interruptions_per_month",
            "available_count", "source", "source_date", "flags",
        ]
        return CSVText.table([header] + offers.map(Self.csvRow))
    }

    private static func csvRow(_ listed: ListedOffer) -> [String] {
        let offer = listed.offer
        return [
            offer.provider, offer.region, listed.zones.joined(separator: ";"), offer.instanceType,
            offer.accelerator?.name ?? "", offer.accelerator.map { trimmed($0.count) } ?? "",
            offer.acceleratorMemoryGB.map(trimmed) ?? "", trimmed(offer.cpus), trimmed(offer.memoryGiB),
            offer.pricePerHour.exactDecimal, offer.market.rawValue, offer.capabilities.joined(separator: ";"),
            offer.interruptionsPerMonth.map(trimmed) ?? "", offer.availableCount.map(String.init) ?? "",
            listed.source?.key ?? "", listed.source?.date?.description ?? "",
            listed.flags.map(\.name).joined(separator: ";"),
        ]
    }
}

/// One machine type in all its regions: prices, where they come from and what is flagged about them.
struct MachineScreen: Sendable {
    private let offers: [ListedOffer]

    init(_ offers: [ListedOffer]) { self.offers = offers }

    func lines(width: Int?) -> [StyledText] {
        var lines: [StyledText] = []
        var shown: [String] = []
        for listed in offers where !shown.contains(Self.name(listed.offer)) {
            shown.append(Self.name(listed.offer))
            lines += Self.head(listed.offer)
            var table = Table(
                [
                    .init("REGION"), .init("ZONES", shrinksTo: 8, isOptional: true), .init("MARKET"),
                    .init("$/HOUR", .right), .init("TAKEN AWAY", .right, isOptional: true), .init("PRICE FROM"),
                    .init("FLAGGED", shrinksTo: 8, isOptional: true),
                ], indent: 2)
            table.addHeader()
            for same in offers where Self.name(same.offer) == Self.name(listed.offer) { table.addRow(Self.row(same)) }
            lines += table.lines(width: width)
        }
        return lines
    }

    private static func name(_ offer: Offer) -> String {
        "\(offer.provider) \(offer.instanceType) \(offer.accelerator?.description ?? "") \(offer.availableCount ?? 0)"
    }

    private static func head(_ offer: Offer) -> [StyledText] {
        var words = ["\(trimmed(offer.cpus)) CPUs", "\(trimmed(offer.memoryGiB)) GiB"]
        if let accelerator = offer.accelerator {
            words.append(accelerator.description + (offer.acceleratorMemoryGB.map { " of \(trimmed($0)) GB" } ?? ""))
        }
        if let count = offer.availableCount { words.append("\(count) of them") }
        let title: StyledText =
            "\(offer.provider, .cyan) \(offer.instanceType, .none, bold: true): \(words.joined(separator: ", "))"
        guard !offer.capabilities.isEmpty else { return [title] }
        return [title, StyledText("  \(offer.capabilities.joined(separator: " "))", .dim)]
    }

    private static func row(_ listed: ListedOffer) -> [StyledText] {
        let offer = listed.offer
        let source = listed.source.map { source in
            "\(source.kind.rawValue) \(source.date?.description ?? "")"
        }
        return [
            "\(offer.region)", StyledText(listed.zones.joined(separator: " "), .dim),
            offer.market == .spot ? StyledText("spot", .yellow) : StyledText("on-demand", .dim),
            "\(Figures.hourly(offer.pricePerHour))",
            "\(offer.interruptionsPerMonth.map { "\(trimmed(($0 * 1000).rounded() / 10)) % a month" } ?? "")",
            StyledText(source ?? "", .dim),
            StyledText(listed.flags.map(\.description).joined(separator: "; "), .yellow),
        ]
    }
}
