import SkyCatalog
import SkyCore
import SkyPlacement

/// Why a plan is as it is, stage by stage.
struct ExplanationScreen: Sendable {
    let explanation: PlanExplanation
    let plan: Plan

    func lines(width: Int?) -> [StyledText] {
        var lines: [StyledText] = [StyledText("  WHY, AND WHY NOT", .dim)]
        for stage in explanation.stages {
            lines += [.empty, "  \(stage.stage, .cyan)"]
            for elimination in stage.eliminations {
                lines += EliminationScreen(elimination: elimination).lines(width: width)
            }
            if let terms = plan.stage(named: stage.stage)?.deadline {
                lines += wrapped(Self.words(for: terms), width ?? 100)
            }
            lines += relaxations(stage, width: width ?? 100)
            if let offer = stage.withFreeEgress {
                lines += wrapped("data: if moving it cost nothing, it would run in \(offer.location)", (width ?? 100))
            }
        }
        return lines + [.empty] + data(width: width ?? 100)
    }

    private static func words(for terms: DeadlineTerms) -> String {
        let saved = terms.onDemandCost - terms.expectedCost
        return "deadline \(terms.job.deadline): \(terms.description); "
            + "so it should save \(Figures.amount(saved)) and be done after \(terms.expectedFinish)"
    }

    private func relaxations(_ stage: PlanExplanation.Stage, width: Int) -> [StyledText] {
        guard !stage.relaxations.isEmpty else { return wrapped("giving up any one of these would save nothing", width) }
        return stage.relaxations.prefix(3).flatMap { relaxation in
            let spot = relaxation.offer.market == .spot ? " spot" : ""
            return wrapped(
                "without '\(relaxation.phrase)': \(relaxation.offer.location) \(relaxation.offer.instanceType)\(spot), "
                    + "\(Figures.amount(relaxation.saved)) less in all (\(relaxation.totalCost.formatted(decimals: 2)))",
                width)
        }
    }

    private func data(width: Int) -> [StyledText] {
        let moved = "  moving data costs \(Figures.amount(explanation.egress)) of \(Figures.amount(plan.totalCost))"
        guard explanation.priceOfDataGravity > .zero else {
            return [StyledText(moved + "; it moves no stage away from where it is cheapest", .dim)]
        }
        return [
            StyledText(
                moved + "; staying near it costs \(Figures.amount(explanation.priceOfDataGravity)) more for machines",
                .dim)
        ]
    }

    private func wrapped(_ text: String, _ width: Int) -> [StyledText] {
        SkyCLI.wrapped(text, width: width - 6).enumerated().map { index, line in
            index == 0 ? "    \("→", .green) \(line)" : "      \(line)"
        }
    }
}

/// How many offers fell to which constraint, and what came nearest.
struct EliminationScreen: Sendable {
    let elimination: OfferElimination

    func lines(width: Int?) -> [StyledText] {
        var table = Table([.init("", .right), .init("", .right), .init("", shrinksTo: 20)], indent: 4)
        table.addRow([
            StyledText(Figures.grouped(elimination.considered)), .empty, StyledText("offers in the catalog", .dim),
        ])
        var left = elimination.considered
        for step in elimination.steps where step.fallen > 0 {
            left -= step.fallen
            table.addRow([
                StyledText(Figures.grouped(left)), "\("-\(Figures.grouped(step.fallen))", .red)",
                StyledText(step.phrase),
            ])
        }
        return table.lines(width: width) + miss(width: width ?? 100)
    }

    private func miss(width: Int) -> [StyledText] {
        guard let offer = elimination.nearestMiss else { return [] }
        let fails = elimination.nearestMissFails.filter(elimination.steps.indices.contains)
            .map { elimination.steps[$0].phrase }
        let price = Figures.hourly(offer.pricePerHour)
        let text =
            "nearest miss: \(offer.location) \(offer.instanceType) at \(price) an hour has all but \(Figures.list(fails))"
        return wrapped(text, width: width - 6).enumerated().map { index, line in
            index == 0 ? "    \("→", .yellow) \(line)" : "      \(line)"
        }
    }
}
