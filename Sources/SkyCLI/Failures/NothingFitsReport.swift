import SkyCore
import SkyPlacement

/// Stages that nothing can be rented for: how many offers fell to what, and what came nearest.
struct NothingFitsReport {
    private let stages: [NothingFits]

    init(_ stages: [NothingFits]) { self.stages = stages }

    var failure: CommandFailure {
        let subject = stages.count == 1 ? "a stage" : "\(stages.count) stages"
        let details = stages.flatMap { stage -> [String] in
            let tables = stage.eliminations.flatMap { elimination in
                EliminationScreen(elimination: elimination).lines(width: 98).map { $0.painted(.plain) }
            }
            return ["\(stage.stage): \(stage.reason)"] + tables
        }
        return CommandFailure(
            .wrongRequest, "there is no plan: \(subject) can run nowhere", details: details,
            hints: ["sky gpus", "sky catalog list --help", "sky check"])
    }
}
