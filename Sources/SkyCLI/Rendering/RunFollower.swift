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

    /// At most ten frames a second.
    private static let frameInterval = TimeSpan(milliseconds: 100)
    /// Between two looks while things happen, so that a short run is not made long by watching it…
    private static let quickInterval = TimeSpan(milliseconds: 15)
    /// …and when nothing has happened for a while.
    private static let slowInterval = TimeSpan(milliseconds: 100)
    private static let longAgo = Instant(millisecondsSince1970: 0)
    private static let patience = TimeSpan.seconds(3)

    /// Calls `look` again and again. What it throws ends the following, with the cursor given back.
    func follow(_ look: () throws -> RunRow, until isSettled: (RunRow) -> Bool) throws -> Ending {
        var screen = LiveScreen(output: output)
        var last: RunRow?
        var (changedAt, shownAt) = (now(), Self.longAgo)
        var tick = 0
        var pace = WatchPace()
        do {
            while true {
                let begun = ContinuousClock.now
                let run = try look()
                let (moment, isOver) = (now(), isSettled(run))
                if last.map({ !$0.isSame(as: run) }) ?? true { changedAt = moment }
                if isOver || !output.terminal.isInteractive || moment - shownAt >= Self.frameInterval {
                    try show(run, after: last, tick: tick, on: &screen)
                    (shownAt, tick) = (moment, tick + 1)
                }
                last = run
                if isOver {
                    try screen.end()
                    return .settled(run)
                }
                let isQuick = moment - changedAt < Self.patience
                let asleep = ContinuousClock.now
                let pause = pace.pause(isQuick ? Self.quickInterval : Self.slowInterval, after: asleep - begun)
                let interruption = interruptions.next(within: pause)
                pace.slept(ContinuousClock.now - asleep, insteadOf: pause)
                switch interruption {
                case .interrupt, .terminate:
                    try screen.end()
                    return .detached(run)
                case .suspend:
                    try screen.end()
                    interruptions.suspend()
                    shownAt = Self.longAgo
                case .resize:
                    try screen.clear()
                    shownAt = Self.longAgo
                case nil: break
                }
            }
        } catch {
            try? screen.end()
            throw error
        }
    }

    /// Whoever is woken late looks less often: a machine with hundreds of watchers has better to do than to be looked at.
    /// And whoever looks long rests longer: watching a run of a thousand stages must not take from it what it needs.
    private struct WatchPace {
        private var slowness: Int64 = 1
        private static let longest = TimeSpan.seconds(1)
        /// So many times as long as the look took.
        private static let restPerLook = 20

        func pause(_ usual: TimeSpan, after look: Duration) -> TimeSpan {
            let rest = TimeSpan(milliseconds: Int64(min(look * Self.restPerLook / .milliseconds(1), 1000)))
            let least = max(usual, rest)
            return min(TimeSpan(milliseconds: least.milliseconds * slowness), max(least, Self.longest))
        }

        mutating func slept(_ real: Duration, insteadOf pause: TimeSpan) {
            let isLate = real > .milliseconds(pause.milliseconds * 2 + 10)
            slowness = isLate ? min(slowness * 2, 64) : max(slowness / 2, 1)
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
