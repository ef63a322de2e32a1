import SkyCore

/// What can be done with one provider from here.
struct CheckRow: Hashable, Sendable {
    enum Standing: Hashable, Sendable {
        /// Ready for real use.
        case ready
        /// Local processes stand in for it.
        case standIn
        case unusable
    }

    var provider: String
    var standing: Standing
    /// Offers in the catalog.
    var offers: Int
    var regions: Int
    /// How it is reached, or what is missing.
    var reason: String
    /// What to do so that it becomes ready; nil when there is nothing to do.
    var remedy: String?
}

/// Which providers are usable, and why the others are not.
struct CheckScreen: Sendable {
    let providers: [CheckRow]

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init(""), .init("PROVIDER"), .init("STANDING"), .init("REGIONS", .right), .init("OFFERS", .right),
            .init("WHY", shrinksTo: 20),
        ])
        table.addHeader()
        for row in providers {
            let (mark, word) = Self.words(for: row.standing)
            table.addRow([
                mark, StyledText(row.provider, .cyan), word, "\(Figures.grouped(row.regions))",
                "\(Figures.grouped(row.offers))", "\(row.reason)",
            ])
            if let remedy = row.remedy { table.addNote("\("→ \(remedy)", .dim)", under: 2) }
        }
        return table.lines(width: width) + [.empty, summary]
    }

    private var summary: StyledText {
        let ready = providers.count { $0.standing == .ready }
        let standIns = providers.count { $0.standing == .standIn }
        let unusable = providers.count - ready - standIns
        var parts = ["\(ready) ready"]
        if standIns > 0 { parts.append("\(standIns) stood in for by local processes") }
        if unusable > 0 { parts.append("\(unusable) not usable") }
        return StyledText(parts.joined(separator: " · "), .dim)
    }

    private static func words(for standing: CheckRow.Standing) -> (mark: StyledText, word: StyledText) {
        switch standing {
        case .ready: (StyledText("✓", .green), StyledText("ready", .green))
        case .standIn: (StyledText("~", .yellow), StyledText("stand-in", .yellow))
        case .unusable: (StyledText("✗", .red), StyledText("not usable", .red))
        }
    }
}
