import SkyCore

extension RunRow {
    /// - Throws: `CommandFailure` for a stage that the run does not have.
    func requireStage(_ stage: String) throws {
        let names = stages.map(\.name)
        guard !names.contains(stage) else { return }
        let nearest = nearestName(to: stage, among: names)
        throw CommandFailure(
            .wrongRequest, "\(id) has no stage '\(stage)'",
            hints: [nearest.map { "did you mean '\($0)'?" } ?? "it has \(names.joined(separator: ", "))"])
    }
}
