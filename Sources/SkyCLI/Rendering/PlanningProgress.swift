import SkyCore
import Synchronization

/// Says that a plan is still being looked for, once that has taken more than a second: on a terminal in one line that is
/// drawn over, elsewhere in a line every ten seconds. A clock of its own does, since planning knows of none.
final class PlanningProgress: Sendable {
    private struct State {
        var isOver = false
        var isShown = false
    }

    private let output: any TextOutput
    private let state = Mutex(State())

    private init(_ output: any TextOutput) { self.output = output }

    /// - Parameter tick: how often it says so.
    static func during<Result>(
        _ output: any TextOutput, tick: TimeSpan? = nil, _ work: () throws -> Result
    ) throws -> Result {
        let progress = PlanningProgress(output)
        let tick = tick ?? (output.terminal.isInteractive ? .seconds(1) : .seconds(10))
        let clock = Task.detached {
            var waited = TimeSpan.zero
            while (try? await Task.sleep(for: .milliseconds(tick.milliseconds))) != nil {
                waited = waited + tick
                progress.show(waited)
            }
        }
        defer {
            clock.cancel()
            progress.end()
        }
        return try work()
    }

    private func show(_ waited: TimeSpan) {
        state.withLock { state in
            guard !state.isOver else { return }
            let text = StyledText("looking for the best plan, and for the proof of it · \(waited)", .dim)
            guard output.terminal.isInteractive else {
                try? output.line(text)
                return
            }
            state.isShown = true
            let shown = output.terminal.width.map { text.truncated(to: $0 - 1) } ?? text
            try? output.write("\r" + shown.painted(output.terminal.style) + "\u{1b}[K")
        }
    }

    /// Wipes the line.
    private func end() {
        state.withLock { state in
            state.isOver = true
            if state.isShown { try? output.write("\r\u{1b}[K") }
        }
    }
}
