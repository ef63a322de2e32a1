import SkyBroker
import SkyCore
import SkyProviders

/// What of a stopped run is still rented, a line each.
struct LeftoverScreen: Sendable {
    let leftovers: [Leftover]
    let now: Instant

    func lines(width: Int?) -> [StyledText] {
        guard !leftovers.isEmpty else { return [] }
        var table = Table([
            .init("PROVIDER"), .init("REGION", shrinksTo: 8), .init("MACHINES", shrinksTo: 10),
            .init("GROUP", shrinksTo: 12), .init("STATE"), .init("PER HOUR", .right), .init("SINCE", .right),
        ])
        table.addHeader()
        for left in leftovers {
            let group = left.group
            let count = group.nodes.count > 1 ? "\(group.nodes.count) × " : ""
            table.addRow([
                "\(group.provider)", "\(group.region)", "\(count)\(group.instanceType)", "\(group.token)",
                "\(group.state.rawValue)", "\(left.pricePerHour.map(Figures.hourly) ?? "?")",
                "\(left.since.map { Figures.ago($0, at: now) } ?? "?")",
            ])
        }
        return table.lines(width: width)
    }
}
