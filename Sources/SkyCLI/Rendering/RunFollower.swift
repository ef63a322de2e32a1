import SkyCore

/// Shows a run while it goes on, live on a terminal and as a line per change elsewhere, until it has come to rest or
/// the person looks away.
struct RunFollower {
    enum Ending: Hashable, Sendable {
        /// `isSettled` said so.
        case settled(RunRow)
        /// Ctrl-C, or the terminal was closed; the run goes on.
        case detached(RunRow)
    }

    let output: any TextOutput
    let interruptions: any InterruptionSource
    let now: @Sendable () -> Instant
    /// Between two looks, so at most ten frames a second.
    var interval = TimeSpan(milliseconds: 100)

    /// Calls `look` again and again. What it throws ends the following, with the cursor given back.
    func follow(_ look: () throws -> RunRow, until isSettled: (RunRow) -> Bool) throws -> Ending {
        var screen = LiveScreen(output: output)
        var last: RunRow?
        var tick = 0
        do {
            while true {
                let run = try look()
                try show(run, after: last, tick: tick, on: &screen)
                last = run
                if isSettled(run) {
                    try screen.end()
                    return .settled(run)
                }
                tick += 1
                switch interruptions.next(within: interval) {
                case .interrupt, .terminate:
                    try screen.end()
                    return .detached(run)
                case .suspend:
                    try screen.end()
                    interruptions.suspend()
                case .resize: try screen.clear()
                case nil: break
                }
            }
        } catch {
            try? screen.end()
            throw error
        }
    }

    private func show(_ run: RunRow, after last: RunRow?, tick: Int, on screen: inout LiveScreen) throws {
        let terminal = output.terminal
        guard terminal.isInteractive else {
            try output.lines(ProgressChanges.lines(from: last, to: run, now: now()))
            return
        }
        let frame = ProgressFrame(run: run, now: now(), tick: tick)
        try screen.draw(frame.lines(width: terminal.width, height: terminal.height))
    }
}
