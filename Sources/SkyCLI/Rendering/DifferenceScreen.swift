import SkyCatalog
import SkyCore

/// What differs between two catalogs.
struct DifferenceScreen: TableScreen {
    private let difference: CatalogDifference
    private let limit: Int

    init(_ difference: CatalogDifference, limit: Int) {
        self.difference = difference
        self.limit = limit
    }

    func lines(width: Int?) -> [StyledText] {
        var counts = Table([
            .init("PROVIDER"), .init("SAME", .right), .init("CHEAPER", .right), .init("DEARER", .right),
            .init("NEW", .right), .init("GONE", .right),
        ])
        counts.addHeader()
        for count in difference.counts {
            counts.addRow([
                StyledText(count.provider, .cyan), "\(Figures.grouped(count.same))", number(count.cheaper, .green),
                number(count.dearer, .yellow), number(count.added, .none), number(count.removed, .none),
            ])
        }
        guard !difference.changes.isEmpty else {
            return counts.lines(width: width) + [StyledText("the catalogs have the same prices", .dim)]
        }
        var changes = Table([
            .init("PROVIDER"), .init("REGION", shrinksTo: 10), .init("INSTANCE", shrinksTo: 12),
            .init("ACCELERATORS", isOptional: true), .init("MARKET"), .init("OLD", .right), .init("NEW", .right),
            .init("CHANGE", .right),
        ])
        changes.addHeader()
        for change in difference.changes.prefix(limit) {
            changes.addRow([
                StyledText(change.provider, .cyan), "\(change.region)", "\(change.instanceType)",
                "\(change.accelerator?.description ?? "")", StyledText(change.market.rawValue, .dim),
                "\(change.old.map(Figures.hourly) ?? "")", "\(change.new.map(Figures.hourly) ?? "")",
                "\(Self.words(change))",
            ])
        }
        let rest = difference.changes.count - min(limit, difference.changes.count)
        let end = rest > 0 ? [StyledText("and \(Figures.grouped(rest)) more; --limit 0 shows all", .dim)] : []
        return counts.lines(width: width) + [.empty] + changes.lines(width: width) + end
    }

    private func number(_ count: Int, _ style: TextStyle.Tint) -> StyledText {
        count == 0 ? "" : StyledText(Figures.grouped(count), style)
    }

    private static func words(_ change: CatalogDifference.Change) -> String {
        guard let growth = change.growth else { return change.old == nil ? "new" : change.new == nil ? "gone" : "" }
        if abs(growth) < 0.0005 { return growth < 0 ? "-0 %" : "+0 %" }
        return "\(growth < 0 ? "" : "+")\(trimmed((growth * 1000).rounded() / 10)) %"
    }

    struct JSON: Encodable {
        struct Count: Encodable {
            let provider: String
            let same: Int
            let cheaper: Int
            let dearer: Int
            let added: Int
            let removed: Int
        }

        struct Change: Encodable {
            let provider: String
            let region: String
            let instanceType: String
            @Nullable var accelerator: OfferJSON.Accelerator?
            let market: String
            @Nullable var oldUsd: Dollars?
            @Nullable var newUsd: Dollars?
        }

        let version = 1
        let providers: [Count]
        let total: Int
        let changes: [Change]
    }

    var json: JSON {
        JSON(
            providers: difference.counts.map {
                JSON.Count(
                    provider: $0.provider, same: $0.same, cheaper: $0.cheaper, dearer: $0.dearer, added: $0.added,
                    removed: $0.removed)
            }, total: difference.changes.count,
            changes: difference.changes.prefix(limit).map {
                JSON.Change(
                    provider: $0.provider, region: $0.region, instanceType: $0.instanceType,
                    accelerator: $0.accelerator.map { OfferJSON.Accelerator(name: $0.name, count: $0.count) },
                    market: $0.market.rawValue, oldUsd: $0.old.map(Dollars.init), newUsd: $0.new.map(Dollars.init))
            })
    }

    var csvRows: [[String]] {
        [["provider", "region", "instance_type", "accelerators", "market", "old_usd", "new_usd"]]
            + difference.changes.prefix(limit).map {
                [
                    $0.provider, $0.region, $0.instanceType, $0.accelerator?.description ?? "", $0.market.rawValue,
                    $0.old?.exactDecimal ?? "", $0.new?.exactDecimal ?? "",
                ]
            }
    }
}
