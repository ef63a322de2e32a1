import SkyCore

/// Every policy that can be chosen by name.
public enum BuiltInPolicies {
    public static let all: [BuiltInPolicy] = [
        BuiltInPolicy("cheapest", "least cost, within the pipeline's deadline if it has one") { _, _ in CheapestPolicy()
        },
        BuiltInPolicy("fastest", "least time, within the pipeline's budget if it has one") { _, _ in FastestPolicy() },
        BuiltInPolicy(
            "balanced", "least cost plus time, an hour of which is worth so much",
            [.init("worth", "a worth in dollars per hour", example: "20/h", isRequired: true)]
        ) { arguments, _ in
            WeightedPolicy(perHour: try arguments.value("worth") { PolicyValues.money($0, per: "h") } ?? .zero)
        },
        BuiltInPolicy(
            "within-deadline", "least cost of what is done in time",
            [.init("deadline", "a deadline", example: "8h", isRequired: true)]
        ) { arguments, _ in CheapestPolicy(deadline: try arguments.value("deadline", PolicyValues.time)) },
        BuiltInPolicy(
            "within-budget", "least time of what is affordable",
            [.init("budget", "a budget in dollars", example: "50", isRequired: true)]
        ) { arguments, _ in FastestPolicy(budget: try arguments.value("budget", PolicyValues.money)) },
        BuiltInPolicy("spot-first", "spot machines wherever there are any, on demand elsewhere, then least cost") {
            _, _ in SpotFirstPolicy()
        },
        BuiltInPolicy(
            "data-gravity", "fewest bytes moved, then least cost; or a price on each gigabyte",
            [.init("price", "a price in dollars per gigabyte", example: "0.50/GB")]
        ) { arguments, _ in
            DataGravityPolicy(pricePerGigabyte: try arguments.value("price") { PolicyValues.money($0, per: "gb") })
        },
        BuiltInPolicy("fewest-providers", "smallest set of providers, then least cost") { _, _ in
            FewestProvidersPolicy()
        },
        BuiltInPolicy(
            "residency", "stages and data stay in these parts of the world, then as the pipeline says",
            [.init("areas", "a list of areas", example: "eu,uk", isRequired: true, isList: true)]
        ) { arguments, _ in ResidencyPolicy(areas: try arguments.words("areas")) },
        BuiltInPolicy(
            "carbon", "least CO2e, then least cost; or a price on each tonne",
            [.init("price", "a price in dollars per tonne", example: "100/t")]
        ) { arguments, carbon in
            let price = try arguments.value("price") { PolicyValues.money($0, per: "t") }
            return CarbonPolicy(figures: try carbon(), pricePerTonne: price)
        },
        BuiltInPolicy(
            "sticky", "where the last run was, then least cost; or unless moving saves enough",
            [.init("unless-saving", "a share such as 10%", example: "10%")]
        ) { arguments, _ in
            StickyPolicy(unlessSavingPercent: try arguments.value("unless-saving", PolicyValues.percent))
        },
    ]

    /// The policy that is written so: `cheapest`, `within-deadline:8h`, `sticky:unless-saving=10%`.
    ///
    /// - Parameter carbon: asked for its figures only by policies that need them.
    /// - Throws: `PolicyNotationError` when it is not understood, and whatever `carbon` throws.
    public static func policy(_ text: some StringProtocol, carbon: CarbonSource) throws -> any PlacementPolicy {
        let written = WrittenPolicy(text)
        guard let found = all.first(where: { $0.name == written.name }) else { throw unknown(written.name) }
        return try found.make(try PolicyArguments(written, of: found), carbon)
    }

    private static func unknown(_ name: String) -> PolicyNotationError {
        let known = all.map(\.name)
        guard !name.isEmpty else {
            return PolicyNotationError(
                "a policy's name is missing", hints: ["known are \(known.joined(separator: ", "))"])
        }
        let nearest = nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
        return PolicyNotationError(
            "there is no policy '\(name)'",
            hints: [nearest ?? "known are \(known.joined(separator: ", ")), and exec: with a program of your own"])
    }
}

/// How parameters are read.
enum PolicyValues {
    static func time(_ text: String) -> TimeSpan? { TimeSpan(text).flatMap { $0 > .zero ? $0 : nil } }

    static func money(_ text: String) -> Money? { Money(text).flatMap { $0 >= .zero ? $0 : nil } }

    /// `$20/h`, or without the unit.
    static func money(_ text: String, per unit: String) -> Money? {
        let suffix = "/\(unit)"
        return money(text.lowercased().hasSuffix(suffix) ? String(text.dropLast(suffix.count)) : text)
    }

    /// `10%` or `10`.
    static func percent(_ text: String) -> Double? {
        guard let value = Double(text.hasSuffix("%") ? String(text.dropLast()) : text) else { return nil }
        return value >= 0 && value <= 100 ? value : nil
    }
}
