import SkyCore

/// What the live screen shows at one moment: a line per stage, and one for the run.
struct ProgressFrame: Sendable {
    let run: RunRow
    let now: Instant
    /// Counts frames, to turn the spinner.
    let tick: Int

    private static let spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

    /// No line is wider than `width`, and all of them fit into `height`: else they could not be drawn over.
    func lines(width: Int?, height: Int? = nil) -> [StyledText] {
        var shown = run.stages
        while true {
            let lines = lines(of: shown, width: width)
            let room = height.map { max(1, $0 - 1) } ?? lines.count
            guard lines.count > room else { return lines }
            guard let dispensable = Self.leastInteresting(of: shown) else { return lines.suffix(room) }
            shown.remove(at: dispensable)
        }
    }

    /// What may be left out first: the stages still to come, from the end, then those that are done, from the start.
    private static func leastInteresting(of stages: [StageRow]) -> Int? {
        stages.lastIndex { $0.state.tone == .waiting } ?? stages.firstIndex { $0.state.tone == .succeeded }
            ?? (stages.count > 1 ? stages.count - 1 : nil)
    }

    private func lines(of stages: [StageRow], width: Int?) -> [StyledText] {
        var table = Table([
            .init(""), .init("", shrinksTo: 8), .init(""), .init("", shrinksTo: 10), .init("", shrinksTo: 8),
            .init("", .right), .init("", .right),
        ])
        for stage in stages {
            table.addRow([
                mark(of: stage), StyledText(stage.name, .cyan), stage.state.styled,
                "\(stage.place?.location ?? "")", "\(stage.place?.machines ?? "", .dim)",
                "\(stage.elapsed(at: now).map(Figures.clock) ?? "")",
                stage.cost == .zero ? .empty : "\(Figures.amount(stage.cost))",
            ])
            for note in StageNotes.lines(of: stage, in: run) { table.addNote(note, under: 1) }
        }
        var lines = table.lines(width: width)
        let hidden = run.stages.count - stages.count
        if hidden > 0 { lines.append(StyledText("  and \(Figures.count(hidden, "more stage"))", .dim)) }
        lines.append(footer)
        return width.map { width in lines.map { $0.truncated(to: width) } } ?? lines
    }

    private func mark(of stage: StageRow) -> StyledText {
        switch stage.state.tone {
        case .waiting: StyledText("·", .dim)
        case .active: StyledText(Self.spinner[tick % Self.spinner.count], .cyan)
        case .serving: StyledText("●", .green)
        case .succeeded: StyledText("✓", .green)
        case .failed: StyledText("✗", .red)
        case .stopped, .halted: StyledText("■", .yellow)
        }
    }

    private var footer: StyledText {
        let spent =
            "\(Figures.clock(run.elapsed(at: now))) · \(Figures.amount(run.cost))\(run.state.isFinal ? "" : " so far")"
        let hint = run.state.isFinal ? "" : " · Ctrl-C detaches, the run goes on"
        return "\(run.id, .none, bold: true)  \("\(spent)\(hint)", .dim)"
    }
}

/// What changed between two looks at a run, a line per change: for logs and pipes, where nothing is drawn over.
struct ProgressChanges: Sendable {
    static func lines(from old: RunRow?, to new: RunRow, now: Instant) -> [StyledText] {
        let names = new.stages.map { displayWidth(of: $0.name) }.max() ?? 0
        let clock = StyledText("[\(Figures.clock(new.elapsed(at: now)))]", .dim).padded(to: 9)
        var lines: [StyledText] = []
        for stage in new.stages {
            let before = old?.stages.first { $0.name == stage.name }
            let isQuiet = before == nil && stage.state.tone == .waiting
            guard !isQuiet, before?.isChanged(to: stage) ?? true else { continue }
            lines.append(
                clock + " " + StyledText(stage.name, .cyan).padded(to: names) + "  " + words(of: stage, in: new))
        }
        return lines
    }

    private static func words(of stage: StageRow, in run: RunRow) -> StyledText {
        var text = stage.state.styled
        if let place = stage.place, stage.state.tone != .waiting { text += "  \(place.location) \(place.machines)" }
        if stage.attempts > 1 { text += "  \("try \(stage.attempts)", .yellow)" }
        if stage.endedAt != nil, stage.cost > .zero { text += "  \(Figures.amount(stage.cost))" }
        for note in StageNotes.lines(of: stage, in: run) { text += "  " + note }
        return text
    }
}
