import SkyCore
import SkyPlacement

/// The curve of a transfer: what each way costs and how long it takes.
struct TransferScreen {
    let curve: [TransferPlan]
    /// Keeps what was asked for.
    let chosen: TransferPlan?
    let size: DataSize

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init(""), .init("COST", .right), .init("TRAFFIC", .right), .init("MACHINES", .right),
            .init("TIME", .right),
            .init("GBIT/S", .right), .init("IN EACH PLACE"), .init("WAY", shrinksTo: 20),
        ])
        table.addHeader()
        for plan in curve {
            let way = plan.relay.map { "by way of \($0)" } ?? "direct"
            table.addRow([
                plan == chosen ? StyledText("→", .green) : "", "\(plan.cost.formatted(decimals: 2))",
                "\(plan.egressCost.formatted(decimals: 2))", "\(plan.machineCost.formatted(decimals: 2))",
                "\(plan.time)", "\(trimmed((plan.gigabitsPerSecond * 100).rounded() / 100))",
                StyledText("\(Figures.count(plan.machines, "machine")), \(plan.connections) connections", .dim),
                "\(way)",
            ])
        }
        let places =
            curve.first.map { "\($0.route.first?.description ?? "") to \($0.route.last?.description ?? "")" } ?? ""
        return table.lines(width: width)
            + [StyledText("\(size), \(places); nothing is moved and nothing is rented", .dim)]
    }

    struct JSON: Encodable {
        struct Way: Encodable {
            let route: [String]
            let machinesPerPlace: Int
            let connections: Int
            let gigabitsPerSecond: Double
            let costUsd: Dollars
            let egressUsd: Dollars
            let machinesUsd: Dollars
            let seconds: Double
            let isChosen: Bool
        }

        let version = 1
        let bytes: Int64
        let ways: [Way]
    }

    var json: JSON {
        JSON(
            bytes: size.bytes,
            ways: curve.map { plan in
                JSON.Way(
                    route: plan.route.map(\.description), machinesPerPlace: plan.machines,
                    connections: plan.connections,
                    gigabitsPerSecond: plan.gigabitsPerSecond, costUsd: Dollars(plan.cost),
                    egressUsd: Dollars(plan.egressCost), machinesUsd: Dollars(plan.machineCost),
                    seconds: Double(plan.time.milliseconds) / 1000, isChosen: plan == chosen)
            })
    }
}
