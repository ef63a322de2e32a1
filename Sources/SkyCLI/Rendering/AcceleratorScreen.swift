import SkyCatalog
import SkyCore

/// Accelerators, one line for each number of them that machines come with.
struct AcceleratorScreen: TableScreen {
    private let found: [AcceleratorSummary]
    private let shown: [AcceleratorSummary]
    private let isSpot: Bool
    private let showsRegions: Bool

    /// - Parameters:
    ///   - isSpot: spot prices are what is asked about.
    ///   - showsAll: not only the smallest number of each.
    init(_ found: [AcceleratorSummary], isSpot: Bool, showsAll: Bool, showsRegions: Bool) {
        self.found = found
        self.isSpot = isSpot
        self.showsRegions = showsRegions
        var seen: Set<String> = []
        // Parts of one accelerator say little about it: a whole one comes first if there is one.
        let whole = Set(found.filter { $0.accelerator.count >= 1 }.map(\.accelerator.name))
        shown =
            showsAll
            ? found
            : found.filter { summary in
                (summary.accelerator.count >= 1 || !whole.contains(summary.accelerator.name))
                    && seen.insert(summary.accelerator.name).inserted
            }
    }

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init("ACCELERATOR"), .init("GB EACH", .right), .init("ON DEMAND", .right, isOptional: true),
            .init("AT", shrinksTo: 10, isOptional: true), .init("SPOT", .right, isOptional: true),
            .init("AT", shrinksTo: 10, isOptional: true), .init("REGIONS", .right),
            .init("PROVIDERS", shrinksTo: 8),
        ])
        table.addHeader()
        for summary in shown {
            let places = showsRegions ? summary.regions : summary.providers
            table.addRow([
                StyledText(summary.accelerator.description, .none, bold: true),
                "\(summary.memoryGB.map { trimmed(($0 * 10).rounded() / 10) } ?? "")",
                price(isSpot ? nil : summary.cheapestOnDemand, .none), place(isSpot ? nil : summary.cheapestOnDemand),
                price(summary.cheapestSpot, .yellow), place(summary.cheapestSpot), "\(summary.regions.count)",
                StyledText(places.joined(separator: " "), .dim),
            ])
        }
        return table.lines(width: width)
    }

    private func price(_ offer: Offer?, _ color: TextStyle.Tint) -> StyledText {
        offer.map { StyledText(Figures.hourly($0.pricePerHour), color) } ?? ""
    }

    private func place(_ offer: Offer?) -> StyledText {
        offer.map { StyledText("\($0.provider)/\($0.region)", .dim) } ?? ""
    }

    /// What is not shown.
    var hint: StyledText? {
        guard shown.count < found.count else { return nil }
        let rest = found.count - shown.count
        return StyledText("\(Figures.count(rest, "more size")); --all shows them", .dim)
    }

    struct JSON: Encodable {
        struct Row: Encodable {
            let name: String
            let count: Double
            @Nullable var memoryGb: Double?
            let maker: String
            let providers: [String]
            let regions: [String]
            @Nullable var onDemand: OfferJSON?
            @Nullable var spot: OfferJSON?
        }

        let version = 1
        let accelerators: [Row]
    }

    var json: JSON {
        JSON(
            accelerators: shown.map {
                JSON.Row(
                    name: $0.accelerator.name, count: $0.accelerator.count, memoryGb: $0.memoryGB, maker: $0.maker,
                    providers: $0.providers, regions: $0.regions,
                    onDemand: $0.cheapestOnDemand.map { OfferJSON($0) }, spot: $0.cheapestSpot.map { OfferJSON($0) })
            })
    }

    var csvRows: [[String]] {
        let header = [
            "name", "count", "memory_gb", "maker", "providers", "regions", "on_demand_usd", "on_demand_at", "spot_usd",
            "spot_at",
        ]
        return [header]
            + shown.map { summary in
                func fields(_ offer: Offer?) -> [String] {
                    [
                        offer?.pricePerHour.exactDecimal ?? "",
                        offer.map { "\($0.provider)/\($0.region)/\($0.instanceType)" } ?? "",
                    ]
                }
                return [
                    summary.accelerator.name, trimmed(summary.accelerator.count), summary.memoryGB.map(trimmed) ?? "",
                    summary.maker, summary.providers.joined(separator: ";"), summary.regions.joined(separator: ";"),
                ] + fields(summary.cheapestOnDemand) + fields(summary.cheapestSpot)
            }
    }
}
