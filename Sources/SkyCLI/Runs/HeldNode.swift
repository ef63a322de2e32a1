import SkyBroker
import SkyCatalog
import SkyCore
import SkyProviders

/// A node that a stage holds now, and the way to it.
struct HeldNode {
    /// Of the attempt.
    let job: String
    let channel: any NodeChannel

    /// - Throws: `CommandFailure` where the stage holds no such node.
    init(_ rank: Int, of stage: String, in run: RunID, _ access: RunAccess, _ context: CommandContext) throws {
        let row = try access.row(of: run)
        try row.requireStage(stage)
        guard let state = try access.broker.journal.state(of: run)?.stage(named: stage), state.phase.hasJob,
            let attempt = state.attempt, let group = attempt.group
        else { throw Self.holdsNothing(row, stage) }
        guard let node = group.nodes.first(where: { $0.rank == rank }) else {
            throw CommandFailure(
                .wrongRequest, "'\(stage)' of \(run) has no node of rank \(rank)",
                hints: ["its ranks are 0 to \(group.nodes.count - 1)"])
        }
        let access = CatalogAccess(context)
        let registry = try access.adapters(for: try access.load(only: [group.provider]).providers)
        let adapter = try registry.adapter(for: group.provider)
        job = attempt.id.token
        channel = try AsyncWork.run { try await adapter.channel(to: node, of: group) }
    }

    /// All that the run's stages hold now and that have a job.
    ///
    /// - Throws: `CommandFailure` where a stage or a rank that is named has none.
    static func all(
        of run: RunID, stage: String?, rank: Int?, _ access: RunAccess, _ context: CommandContext
    ) throws -> [(stage: String, rank: Int, node: HeldNode)] {
        if let stage, let rank { return [(stage, rank, try HeldNode(rank, of: stage, in: run, access, context))] }
        if let stage { try access.row(of: run).requireStage(stage) }
        let held = (try access.broker.journal.state(of: run)?.stages ?? []).filter { state in
            state.phase.hasJob && (stage == nil || state.name == stage)
        }
        return try held.flatMap { state in
            try (state.attempt?.group?.nodes ?? []).map { node in
                (state.name, node.rank, try HeldNode(node.rank, of: state.name, in: run, access, context))
            }
        }
    }

    private static func holdsNothing(_ row: RunRow, _ stage: String) -> CommandFailure {
        let state = row.stages.first { $0.name == stage }?.state
        let isOver = row.state.isFinal || state?.isFinal ?? false
        return CommandFailure(
            .wrongRequest, "'\(stage)' of \(row.id) has no job on a node: it is \(state?.text ?? "not known")",
            hints: isOver
                ? ["sky launch FILE --keep-on-failure 30m keeps the nodes of a stage that fails"]
                : ["sky status \(row.id)"])
    }
}

extension StageState.Phase {
    /// A job was begun on its nodes, which are still there.
    fileprivate var hasJob: Bool {
        switch self {
        case .running, .probing, .serving, .collecting, .saving, .held: true
        case .waiting, .lookingUp, .provisioning, .delivering, .yielding, .releasing, .pausing, .relocating, .asking,
            .halting, .halted, .starting, .ended:
            false
        }
    }
}
