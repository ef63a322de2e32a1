import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// A market with a reason for every policy: two stages with 100 GB between them, which cost a dollar to move, and four places.
///
/// | place | prepare, 1 h | train, 10 h | of spot | and is |
/// | --- | --- | --- | --- | --- |
/// | east/virginia | $1 | $10/h | – | in the us, dirty grid |
/// | west/oregon | $3 | $8/h | – | in the us, clean grid |
/// | north/sweden | $2 | $11/h | – | in the eu, cleanest grid |
/// | north/poland | $1.50 | $9/h, 20 h | $2/h | in the eu, dirtiest grid |
enum PolicyMarket {
    static let market: Market = {
        var market = Market(usualPrice: usd("0.01"))
        market.shelves = [
            "prepare": [
                .at("east", "virginia", "small", usd("1.00")), .at("west", "oregon", "small", usd("3.00")),
                .at("north", "sweden", "small", usd("2.00")), .at("north", "poland", "small", usd("1.50")),
            ],
            "train": [
                .at("east", "virginia", "big", usd("10.00")), .at("west", "oregon", "big", usd("8.00")),
                .at("north", "sweden", "big", usd("11.00")), .at("north", "poland", "slow", usd("9.00")),
            ],
        ]
        market.spot = [
            "train": [
                .at("north", "poland", "slow", usd("2.00"), market: .spot)
            ]
        ]
        // Nothing to wait for where nothing moves.
        for offer in market.shelves.values.joined() {
            market.bandwidths[.init(from: offer.location, to: offer.location)] = 1e9
        }
        market.areas = [
            "virginia": ["us", "north-america"], "oregon": ["us", "north-america"], "sweden": ["se", "eu", "europe"],
            "poland": ["pl", "eu", "europe"],
        ]
        return market
    }()

    static let pipeline: Pipeline = {
        let hour = TimeSpan.hour
        return Pipeline(
            name: "p",
            stages: [
                .named("prepare", writes: DataSize(bytes: 100_000_000_000), times: ["small": hour]),
                .named(
                    "train", reads: ["prepare"],
                    times: ["big": .seconds(36_000), "slow": .seconds(72_000)]),
            ], directory: "/")
    }()

    static let carbon = CarbonFigures(
        gramsPerKWh: ["east/virginia": 400, "west/oregon": 80, "se": 20, "pl": 700, "world": 480])

    static func plan(
        _ policy: any PlacementPolicy, objective: Objective = .cost, history: PlacementHistory = PlacementHistory(),
        market: Market = market
    ) throws -> Plan {
        var pipeline = pipeline
        pipeline.objective = objective
        return try Planner().plan(pipeline, offers: market, policy: policy, history: history)
    }

    /// `prepare in virginia, train in oregon: $82.50, 11h 02m`.
    static func story(of plan: Plan) -> String {
        let places = plan.stages.map { stage in
            "\(stage.stage) in \(stage.offer.region)\(stage.offer.market == .spot ? " as spot" : "")"
        }
        return "\(places.joined(separator: ", ")): \(plan.totalCost), \(plan.totalTime)"
    }
}
