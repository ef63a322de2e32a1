import SkyBroker
import SkyCore
import SkyProviders

/// What is rented and belongs to no live run, a line each.
struct StrayScreen: Sendable {
    let strays: [Stray]
    let now: Instant

    func lines(width: Int?) -> [StyledText] {
        guard !strays.isEmpty else { return [] }
        var table = Table([
            .init("PROVIDER"), .init("REGION", shrinksTo: 8), .init("RUN", shrinksTo: 10),
            .init("GROUP", shrinksTo: 12),
            .init("NODES", .right), .init("SINCE", .right), .init("COST", .right), .init("WHY"),
        ])
        table.addHeader()
        for stray in strays {
            let group = stray.group
            table.addRow([
                "\(group.provider)", "\(group.region)", StyledText(group.run.text, .cyan), "\(group.token)",
                "\(group.nodes.count)", "\(stray.since.map { Figures.ago($0, at: now) } ?? "?")",
                "\(stray.cost.map(Figures.amount) ?? "?")",
                stray.standing == .ended ? "its run has ended" : "the journal knows no such run",
            ])
        }
        return table.lines(width: width)
    }
}
