import SkyCore

/// All runs, newest first, one line each.
struct RunListScreen: Sendable {
    let runs: [RunRow]
    let now: Instant

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init("RUN", shrinksTo: 12), .init("PIPELINE", shrinksTo: 8), .init("STATE"), .init("STARTED", .right),
            .init("TIME", .right), .init("COST", .right), .init("STAGES", .right),
        ])
        table.addHeader()
        for run in runs.sorted(by: { ($1.startedAt, $1.id) < ($0.startedAt, $0.id) }) {
            table.addRow([
                StyledText(run.id, .cyan), "\(run.pipeline)", run.state.styled,
                "\(Figures.ago(run.startedAt, at: now))", "\(run.elapsed(at: now))", "\(Figures.amount(run.cost))",
                "\(run.progress)",
            ])
        }
        return table.lines(width: width)
    }
}

/// One run with all of its stages.
struct RunScreen: Sendable {
    let run: RunRow
    let now: Instant

    func lines(width: Int?) -> [StyledText] {
        var lines: [StyledText] = [heading, .empty]
        lines += stageTable().lines(width: width)
        // A failed stage says so itself.
        let isSaid = run.stages.contains { $0.state.tone == .failed && $0.note != nil }
        if let failure = run.failure, !isSaid {
            lines.append(.empty)
            lines += wrapped(failure, width: width.map { $0 - 2 }).map { StyledText("  \($0)", .red) }
        }
        let standIns = StandInNote.lines(for: run.standIns, width: width)
        if !standIns.isEmpty { lines += [.empty] + standIns }
        let steps = RunSteps.after(run).filter { $0.command != "sky status \(run.id)" }
        if !steps.isEmpty { lines += [.empty] + NextSteps.lines(steps) }
        return lines
    }

    private var heading: StyledText {
        let time = "\(run.state.isFinal ? "took" : "for") \(run.elapsed(at: now))"
        let cost = "\(Figures.amount(run.cost))\(run.state.isFinal ? "" : " so far")"
        return "\(run.id, .none, bold: true)  \(run.state.styled)  \("\(time) · \(cost) · \(run.pipeline)", .dim)"
    }

    private func stageTable() -> Table {
        var table = Table(
            [
                .init("STAGE", shrinksTo: 8), .init("STATE"), .init("WHERE", shrinksTo: 12, isOptional: true),
                .init("MACHINES", shrinksTo: 10, isOptional: true), .init("TIME", .right, isOptional: true),
                .init("COST", .right), .init("TRIES", .right),
            ], indent: 2)
        table.addHeader()
        for stage in run.stages {
            table.addRow([
                StyledText(stage.name, .cyan), stage.state.styled, "\(stage.place?.location ?? "")",
                "\(stage.place?.machines ?? "")", "\(stage.elapsed(at: now)?.description ?? "")",
                "\(Figures.amount(stage.cost))", "\(stage.attempts)",
            ])
            for note in StageNotes.lines(of: stage, in: run) { table.addNote(note, under: 1) }
        }
        return table
    }
}

/// What else there is to say of a stage, below its line.
enum StageNotes {
    static func lines(of stage: StageRow, in run: RunRow) -> [StyledText] {
        var lines: [StyledText] = []
        if let origin = stage.reusedFrom {
            lines.append(StyledText("unchanged: artifacts of \(origin) used again", .dim))
        }
        if let url = stage.url { lines.append(StyledText(url, .green, bold: true)) }
        let isFailed = stage.state.tone == .failed || stage.heldUntil != nil
        if let note = stage.note { lines.append(StyledText(note, isFailed ? .red : .dim)) }
        if stage.heldUntil != nil {
            lines.append("kept for you: \("sky ssh \(run.id) \(stage.name)", .none, bold: true)")
        }
        return lines
    }
}

/// Commands to type next, with what they are for.
enum NextSteps {
    static func lines(_ steps: [(command: String, purpose: String)], indent: Int = 2) -> [StyledText] {
        let longest = steps.map { displayWidth(of: $0.command) }.max() ?? 0
        let margin = StyledText(String(repeating: " ", count: indent))
        return steps.map { step in
            let command = StyledText(step.command, .none, bold: true).padded(to: longest)
            return margin + command + StyledText("  \(step.purpose)", .dim)
        }
    }
}
