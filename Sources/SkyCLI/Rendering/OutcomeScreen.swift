import SkyCore

/// What came of a run, said once at the end of watching it.
struct OutcomeScreen: Sendable {
    let run: RunRow
    let now: Instant
    /// The last words of the stage that failed.
    var lastWords: [String] = []

    func lines(width: Int?) -> [StyledText] {
        var lines: [StyledText] = [headline]
        switch run.state.tone {
        case .serving: lines += [.empty] + services() + [.empty]
        case .failed: lines += failure(width: width)
        default: break
        }
        return lines + steps()
    }

    private var headline: StyledText {
        let time = run.elapsed(at: now)
        let planned = run.plannedCost.map { ", planned \($0.formatted(decimals: 2))" } ?? ""
        let spent = "\(Figures.amount(run.cost))\(run.state.isFinal ? "" : " so far")\(planned)"
        let id = StyledText(run.id, bold: true)
        return switch run.state.tone {
        case .serving: "\("●", .green) \(id) is \("serving", .green), up after \(time) \("(\(spent))", .dim)"
        case .succeeded: "\("✓", .green) \(id) \("succeeded", .green) in \(time) \("(\(spent))", .dim)"
        case .failed: "\("✗", .red) \(id) \("failed", .red, bold: true) after \(time) \("(\(spent))", .dim)"
        case .stopped: "\("■", .yellow) \(id) was \(run.state.text) after \(time) \("(\(spent))", .dim)"
        case .halted: "\("■", .yellow) \(id) is \(run.state.styled) after \(time) \("(\(spent))", .dim)"
        case .active, .waiting: "\("·", .cyan) \(id) is \(run.state.styled), for \(time) now \("(\(spent))", .dim)"
        }
    }

    private func services() -> [StyledText] {
        let names = run.stages.filter { $0.url != nil }.map { displayWidth(of: $0.name) }.max() ?? 0
        return run.stages.flatMap { stage -> [StyledText] in
            guard let url = stage.url else { return [] }
            return [
                "  \(StyledText(stage.name, .cyan).padded(to: names))  \(url, .green, bold: true)",
                "  \(StyledText("try", .dim).padded(to: names))  curl \(url)\(stage.probePath ?? "/")",
            ]
        }
    }

    private func failure(width: Int?) -> [StyledText] {
        var lines: [StyledText] = []
        if let failure = run.failure {
            lines += wrapped(failure, width: (width ?? 100) - 2).map { "  \($0, .red)" }
        }
        guard !lastWords.isEmpty else { return lines }
        return lines + [.empty]
            + lastWords.map { line in
                let text: StyledText = "  \("│", .dim) \(line)"
                return width.map { text.truncated(to: $0) } ?? text
            } + [.empty]
    }

    private func steps() -> [StyledText] { NextSteps.lines(RunSteps.after(run)) }
}

/// The commands that make sense for a run as it is now.
enum RunSteps {
    static func after(_ run: RunRow) -> [(command: String, purpose: String)] {
        switch run.state.tone {
        case .failed:
            guard let failed = run.stages.first(where: { $0.state.tone == .failed }) else { return [] }
            return [
                ("sky logs \(run.id) \(failed.name)", "all it said"),
                ("sky launch FILE", "again: what is done is not done twice"),
            ]
        case .serving:
            return [
                ("sky logs -f \(run.id)", "follow it"), ("sky down \(run.id)", "stop serving, give everything back"),
            ]
        case .active where run.heldStage != nil:
            let stage = run.heldStage?.name ?? ""
            return [
                ("sky ssh \(run.id) \(stage)", "a shell where it failed"),
                ("sky logs \(run.id) \(stage)", "all it said"),
                ("sky down \(run.id)", "give its nodes back now"),
            ]
        case .active where run.asks, .waiting where run.asks:
            return [("sky approve \(run.id)", "agree to what it asks"), ("sky approve \(run.id) --deny", "do not")]
        case .active, .waiting:
            return [
                ("sky logs -f \(run.id)", "follow it"), ("sky status \(run.id)", "look at it"),
                ("sky cancel \(run.id)", "stop it"),
            ]
        case .halted:
            return [
                ("sky start \(run.id)", "goes on"), ("sky down \(run.id)", "ends it, and gives everything back"),
            ]
        case .succeeded, .stopped: return []
        }
    }
}
