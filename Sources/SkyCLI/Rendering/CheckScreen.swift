import SkyBroker
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

    /// A place where credentials were looked for.
    struct Credential: Hashable, Sendable {
        var place: String
        var isPresent: Bool
    }

    /// A machine that was asked whether it answers.
    struct Host: Hashable, Sendable {
        var pool: String
        var name: String
        var answers: Bool
        /// What it is, or why it does not answer and what to do.
        var message: String
    }

    var provider: String
    var displayName: String
    var standing: Standing
    /// In the catalog.
    var offers: Int
    var regions: Int
    /// Why it stands so, in a sentence.
    var reason: String
    /// Empty for providers that need none.
    var credentials: [Credential] = []
    /// Of providers whose machines are there already.
    var hosts: [Host] = []
}

/// Which providers are usable, and why the others are not.
struct CheckScreen: Sendable {
    let providers: [CheckRow]
    /// Places that all runs stay away from now.
    var avoided: [UnavailablePlace] = []

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init(""), .init("PROVIDER"), .init("NAME", shrinksTo: 8), .init("STANDING"), .init("REGIONS", .right),
            .init("OFFERS", .right),
        ])
        table.addHeader()
        for row in providers {
            let (mark, word) = Self.words(for: row.standing)
            table.addRow([
                mark, StyledText(row.provider, .cyan), "\(row.displayName)", word, "\(Figures.grouped(row.regions))",
                "\(Figures.grouped(row.offers))",
            ])
            for text in [row.reason, Self.findings(row.credentials)].compactMap({ $0 }) {
                for line in wrapped(text, width: width.map { max(20, $0 - 3) }) {
                    table.addNote(StyledText(line, .dim), under: 1)
                }
            }
            for host in row.hosts {
                let text = "\(host.answers ? "✓" : "✗") \(host.pool)/\(host.name): \(host.message)"
                for line in wrapped(text, width: width.map { max(20, $0 - 3) }) {
                    table.addNote(StyledText(line, host.answers ? .green : .red), under: 1)
                }
            }
        }
        let lines = table.lines(width: width) + [.empty, summary]
        return avoided.isEmpty ? lines : lines + [.empty] + avoided.map { StyledText(Self.words(for: $0), .yellow) }
    }

    /// `avoided until 14:10: aws/us-east-1/us-east-1a p5.48xlarge spot, no capacity, 3rd time`
    private static func words(for place: UnavailablePlace) -> String {
        let times = place.repeats > 1 ? ", \(Figures.ordinal(place.repeats)) time" : ""
        return "avoided until \(LocalTime(place.until).time): \(place.place), \(EventWords.refusal(place.kind))\(times)"
    }

    private static func findings(_ credentials: [CheckRow.Credential]) -> String? {
        let found = credentials.filter(\.isPresent).map(\.place)
        if !found.isEmpty { return "credentials in \(found.joined(separator: ", "))" }
        guard !credentials.isEmpty else { return nil }
        return "no credentials in \(credentials.map(\.place).joined(separator: ", nor in "))"
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
