import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// A plan as people read it: where each stage runs and why, what moves, what it costs, and what else there was.
struct PlanScreen: Sendable {
    let plan: Plan
    /// Stages that keep serving: their cost is that of the planned time only.
    var services: Set<String> = []
    /// Providers of this plan that local processes stand in for.
    var standIns: [String] = []
    /// Also what it comes to when things go well, or badly.
    var showsOutlook = false

    func lines(width: Int?) -> [StyledText] {
        var lines = heading().map { line in width.map { line.truncated(to: $0) } ?? line } + [.empty]
        lines += costTable().lines(width: width)
        let proseWidth = width ?? 100
        if showsOutlook { lines += [.empty] + outlook() }
        lines += [.empty] + proof(width: proseWidth)
        lines += reasons(width: proseWidth)
        let notes = self.notes(width: proseWidth)
        if !notes.isEmpty { lines += [.empty] + notes }
        return lines
    }

    private func heading() -> [StyledText] {
        let stages = Figures.count(plan.stages.count, "stage")
        // Other policies make other things small than what the pipeline's objective names.
        let isObjectivesOwn = plan.objective.policy.name == plan.policy
        let wish = isObjectivesOwn ? ", \(goal)" : limit
        return ["\(plan.pipeline, .none, bold: true) \("· \(stages)\(wish) · policy \(plan.policy)", .dim)"]
    }

    /// What any policy has to keep.
    private var limit: String {
        switch plan.objective {
        case .cost, .time, .weighted: ""
        case .costWithin(let deadline): " · within \(deadline)"
        case .timeWithin(let budget): " · for at most \(Figures.amount(budget))"
        }
    }

    private var goal: String {
        switch plan.objective {
        case .cost: "as cheap as possible"
        case .time: "as fast as possible"
        case .costWithin(let deadline): "as cheap as possible within \(deadline)"
        case .timeWithin(let budget): "as fast as possible for \(Figures.amount(budget))"
        case .weighted(let perHour, let perInterruption):
            "as cheap as possible with an hour worth \(Figures.amount(perHour))"
                + (perInterruption > .zero ? " and an interruption \(Figures.amount(perInterruption))" : "")
        }
    }

    private func costTable() -> Table {
        var table = Table(
            [
                .init("STAGE", shrinksTo: 6), .init("WHERE", shrinksTo: 8), .init("INSTANCE", shrinksTo: 8),
                .init("ACCELERATORS", .right, shrinksTo: 5), .init("$/HOUR", .right), .init("TIME", .right),
                .init("COST", .right),
            ], indent: 2)
        table.addHeader()
        for stage in plan.stages { table.addRow(row(of: stage)) }
        if !plan.transfers.isEmpty {
            table.addBlank()
            table.addHeader([
                .init("DATA"), .init("FROM → TO", span: 2), .init("SIZE"), .init("$/GB"), .init("TIME"), .init("COST"),
            ])
            for transfer in plan.transfers {
                table.addRow(row(of: transfer))
                if let way = transfer.way { table.addRow([.init(.empty), .init(words(for: way), span: 6)]) }
            }
        }
        table.addBlank()
        table.addRow([
            .init(StyledText("total", bold: true)), .init(.empty, span: 2), .init(.empty), .init(.empty),
            .init(StyledText(plan.totalTime.description, bold: true)),
            .init(StyledText(plan.totalCost.formatted(decimals: 2), .green, bold: true)),
        ])
        return table
    }

    private func row(of stage: PlannedStage) -> [StyledText] {
        let offer = stage.offer
        let machines = stage.numNodes * stage.replicas
        let nodes = machines > 1 ? "\(machines) × " : ""
        let market = stage.deadline != nil ? " spot or on demand" : offer.market == .spot ? " spot" : ""
        let spot = StyledText(market, .yellow)
        let time = (stage.durationSource.isGuess ? "~" : "") + stage.duration.description
        return [
            StyledText(stage.stage, .cyan), "\(offer.location)", "\(nodes)\(offer.instanceType)\(spot)",
            offer.accelerator.map { "\($0)" } ?? StyledText("–", .dim), "\(Figures.hourly(stage.pricePerHour))",
            "\(time)", "\(stage.cost.formatted(decimals: 2))",
        ]
    }

    private func row(of transfer: PlannedTransfer) -> [Table.Cell] {
        let way: StyledText =
            transfer.from == transfer.to
            ? "\("stays in", .dim) \(name(of: transfer.to))"
            : "\(name(of: transfer.from)) \("→", .dim) \(name(of: transfer.to))"
        let price = Figures.perGigabyte(transfer.cost, for: transfer.size)
        return [
            .init("\(transfer.artifact)"), .init(way, span: 2),
            .init(transfer.size == .zero ? StyledText("unknown", .dim) : "\(transfer.size)"),
            .init(price.map { $0 == .zero ? StyledText("free", .dim) : "\(Figures.hourly($0))" } ?? .empty),
            .init(transfer.duration == .zero ? StyledText("–", .dim) : "\(transfer.duration)"),
            .init("\(transfer.cost.formatted(decimals: 2))"),
        ]
    }

    /// `by way of gcp/europe-west4, 4 machines in each place`
    private func words(for way: TransferPlan) -> StyledText {
        let machines = way.machines == 1 ? "1 machine" : "\(way.machines) machines in each place"
        let relay = way.relay.map { "by way of \($0), " } ?? ""
        return StyledText(
            "\(relay)\(machines), \(trimmed((way.gigabitsPerSecond * 10).rounded() / 10)) Gbit/s", .dim)
    }

    private func name(of location: Location) -> String {
        location == .here ? "this machine" : location.description
    }

    private func outlook() -> [StyledText] {
        let (cost, time) = (plan.outlook.cost, plan.outlook.time)
        var table = Table(
            [.init("OUTLOOK"), .init("COST", .right), .init("TIME", .right), .init("WHEN")], indent: 2)
        table.addHeader()
        let rows: [(String, Money, TimeSpan, String)] = [
            ("good", cost.low, time.low, "low estimates, no interruption"),
            ("expected", cost.expected, time.expected, expectedInterruptions),
            ("bad", cost.high, time.high, "high estimates, many interruptions, a failed try to get machines each"),
        ]
        for (name, cost, time, when) in rows {
            table.addRow([StyledText(name), "\(cost.formatted(decimals: 2))", "\(time)", StyledText(when, .dim)])
        }
        return table.lines(width: nil)
    }

    private var expectedInterruptions: String {
        let count = plan.stages.reduce(0) { $0 + $1.interruptions }
        return count == 0
            ? "no interruption"
            : "\(fixed(count, decimals: 2)) interruptions on average, none with"
                + " \(fixed(plan.reliability * 100, decimals: 1)) %"
    }

    private func proof(width: Int) -> [StyledText] {
        if plan.proof.isOptimal {
            let better =
                switch plan.objective {
                case .cost, .costWithin: "cheaper"
                case .time, .timeWithin: "faster"
                case .weighted: "better"
                }
            return ["  \("✓ optimal", .green): no \(better) plan exists in the catalog (proven)"]
        }
        let bound = plan.proof.costLowerBound
        guard bound > .zero, plan.totalCost >= bound else { return ["  \("! not proven to be optimal", .yellow)"] }
        let percent = Double((plan.totalCost - bound).nanodollars) / Double(bound.nanodollars) * 100
        let gap = "at most \(fixed(percent, decimals: 1))% above the least possible \(bound.formatted(decimals: 2))"
        return ["  \("! not proven to be optimal", .yellow)"] + note(gap, width)
    }

    private func reasons(width: Int) -> [StyledText] {
        var lines: [StyledText] = [.empty, StyledText("  WHY", .dim)]
        let names = plan.stages.map { displayWidth(of: $0.stage) }.max() ?? 0
        let start = 2 + names + 2
        for stage in plan.stages {
            let name = StyledText(stage.stage, .cyan).padded(to: names)
            for (index, line) in wrapped(stage.reason, width: width - start).enumerated() {
                lines.append("  \(index == 0 ? name : StyledText.empty.padded(to: names))  \(line)")
            }
            let terms = stage.deadline.map { wrapped($0.description, width: width - start) } ?? []
            lines += terms.map { "  \(StyledText.empty.padded(to: names))  \($0)" }
            let other = wrapped(runnerUp(of: stage), width: width - start)
            lines += other.map { "  \(StyledText.empty.padded(to: names))  \($0, .dim)" }
        }
        return lines
    }

    private func runnerUp(of stage: PlannedStage) -> String {
        guard let other = stage.runnerUp else { return "next best: nothing else in the catalog can run it" }
        let offer = other.offer
        let spot = offer.market == .spot ? " spot" : ""
        let cost = other.totalCost - plan.totalCost
        let time = other.totalTime - plan.totalTime
        let timeText = time == .zero ? "" : time < .zero ? ", \(.zero - time) faster" : ", \(time) slower"
        let costText =
            cost == .zero
            ? "for the same cost" : "\(Figures.difference(cost)) in all (\(other.totalCost.formatted(decimals: 2)))"
        return "next best: \(offer.location) \(offer.instanceType)\(spot), \(costText)\(timeText)"
    }

    private func notes(width: Int) -> [StyledText] {
        var notes: [StyledText] = []
        let guessed = plan.stages.filter { $0.durationSource == .assumed }.map(\.stage)
        if !guessed.isEmpty {
            notes += note("~ no estimate in the file for \(Figures.list(guessed)): an hour is assumed", width)
        }
        for stage in plan.stages {
            switch stage.durationSource {
            case .scaled(let base):
                notes += note(
                    "~ \(stage.stage): scaled by published speeds from the estimate for \(base): a guess", width)
            case .learned(let runs, let latest):
                let times = runs == 1 ? "run \(latest)" : "the last \(runs) runs, \(latest) the latest"
                notes += note("the time of \(stage.stage) is learnt from \(times)", width)
            case .estimate, .assumed: break
            }
        }
        for caveat in plan.caveats { notes += note(caveat, width) }
        let serving = plan.stages.filter { services.contains($0.stage) }
        for stage in serving {
            let price = Figures.hourly(stage.pricePerHour)
            notes += note("\(stage.stage) keeps serving, at \(price) an hour, until you stop the run", width)
        }
        return notes + StandInNote.lines(for: standIns, width: width)
    }

    private func note(_ text: String, _ width: Int) -> [StyledText] {
        wrapped(text, width: width - 2).map { "  \($0, .dim)" }
    }
}

/// The sentence that says that no cloud is really used.
enum StandInNote {
    static func lines(for providers: [String], width: Int?) -> [StyledText] {
        guard !providers.isEmpty else { return [] }
        let text =
            "local processes stand in for \(Figures.list(providers)): prices are what they would charge, "
            + "nobody bills them; 'sky check' says why"
        return wrapped(text, width: (width ?? 100) - 2).map { "  \($0, .yellow)" }
    }
}

extension DurationSource {
    /// Neither the author nor a machine has said so.
    var isGuess: Bool {
        switch self {
        case .assumed, .scaled: true
        case .estimate, .learned: false
        }
    }
}
