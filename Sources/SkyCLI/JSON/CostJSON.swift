import SkyBroker
import SkyCore
import SkySpec

/// `sky cost --output json`
struct CostListJSON: Encodable {
    let version = 1
    let runs: [RunCostJSON]

    init(_ reports: [CostReport]) { runs = reports.map(RunCostJSON.init) }
}

struct RunCostJSON: Encodable {
    let run: String
    let pipeline: String
    let plannedUsd: Dollars
    let meteredUsd: Dollars
    @Nullable var billedUsd: Dollars?
    @Nullable var budgetUsd: Dollars?
    let stages: [StageCostJSON]

    init(_ report: CostReport) {
        run = report.run.text
        pipeline = report.pipeline
        plannedUsd = Dollars(report.planned)
        meteredUsd = Dollars(report.metered)
        billedUsd = report.billed.map(Dollars.init)
        budgetUsd = (report.budget?.limit).map(Dollars.init)
        stages = report.stages.map(StageCostJSON.init)
    }
}

struct StageCostJSON: Encodable {
    let stage: String
    let plannedUsd: Dollars
    let meteredUsd: Dollars
    @Nullable var billedUsd: Dollars?
    let idleUsd: Dollars
    let lostUsd: Dollars
    let transfersUsd: Dollars
    @Nullable var budgetUsd: Dollars?

    init(_ stage: CostReport.StageCost) {
        self.stage = stage.stage
        plannedUsd = Dollars(stage.planned)
        meteredUsd = Dollars(stage.metered)
        billedUsd = stage.billed.map(Dollars.init)
        idleUsd = Dollars(stage.idle)
        lostUsd = Dollars(stage.lost)
        transfersUsd = Dollars(stage.transfers)
        budgetUsd = (stage.budget?.limit).map(Dollars.init)
    }
}
