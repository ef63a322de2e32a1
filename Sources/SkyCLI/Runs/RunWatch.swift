import SkyBroker
import SkyCore
import SkyProcess

/// Watches one run from the command line, and says what came of it.
struct RunWatch {
    let access: RunAccess
    let context: CommandContext
    let interruptions: any InterruptionSource
    let format: OutputFormat

    /// More drivers than this dying one after the other are no accident.
    private static let driverLimit = 3

    /// Returns when the run has ended, or serves; or when the person looks away, which does not stop it.
    func watch(_ run: RunID) throws -> ExitStatus {
        let isSettled: (RunRow) -> Bool = { $0.state.isFinal || $0.state.tone == .serving || $0.state.tone == .halted }
        return switch try follow(run, until: isSettled) {
        case .settled(let row): try conclude(row)
        case .detached: .interrupted
        }
    }

    /// Like `watch`, for a run that was asked to go on a moment ago and may not have heard it yet.
    func watchStart(of run: RunID) throws -> ExitStatus {
        var hasBegun = false
        let ending = try follow(run) { row in
            let isStopped = row.state.tone == .halted
            hasBegun = hasBegun || !isStopped
            return row.state.isFinal || row.state.tone == .serving || hasBegun && isStopped
        }
        return switch ending {
        case .settled(let row): try conclude(row)
        case .detached: .interrupted
        }
    }

    /// Returns when the run stands still or has ended, when the time is over, or when the person looks away.
    func watchHalt(of run: RunID, atMost limit: TimeSpan) throws -> RunFollower.Ending {
        let end = ContinuousClock.now + .milliseconds(limit.milliseconds)
        return try follow(run) { $0.state.isFinal || $0.state.tone == .halted || ContinuousClock.now >= end }
    }

    /// Returns when the run has ended and everything is given back, when the time is over, or when the person looks away.
    func watchEnd(of run: RunID, atMost limit: TimeSpan) throws -> RunFollower.Ending {
        let end = ContinuousClock.now + .milliseconds(limit.milliseconds)
        return try follow(run) { $0.state.isFinal || ContinuousClock.now >= end }
    }

    private func follow(_ run: RunID, until isSettled: (RunRow) -> Bool) throws -> RunFollower.Ending {
        // While this is held, the run may ask; whoever only reads a log file cannot be asked.
        let watch = context.console.isAnswered ? try? FileLock(access.broker.folder.watchLock(of: run)) : nil
        defer { withExtendedLifetime(watch) {} }
        var look = try access.look(at: run)
        var care = DriverCare(access: access, run: run)
        let time = access.time(of: run)
        let follower = RunFollower(output: context.console.err, interruptions: interruptions, now: time.now)
        let ending = try follower.follow(
            {
                let row = try look.row(at: time.now())
                if !isSettled(row) { try care.look(limit: Self.driverLimit) }
                return row
            }, until: isSettled)
        switch ending {
        case .settled(let row): if row.state.isFinal { try access.broker.waitForDriverToLeave(run) }
        case .detached(let row): try detach(from: row)
        }
        return ending
    }

    /// What came of it, as the format wants it.
    func conclude(_ row: RunRow) throws -> ExitStatus {
        let out = context.console.out
        switch format {
        case .json: try out.write(try JSONText.encode(RunListJSON(runs: [RunJSON(row)])))
        case .text:
            let failed = row.stages.first { $0.state.tone == .failed }?.name
            let lastWords = failed.map { access.lastWords(of: row.id, stage: $0) } ?? []
            let now = RunID(row.id).map { access.time(of: $0).now() } ?? context.now()
            let screen = OutcomeScreen(run: row, now: now, lastWords: lastWords)
            try out.lines(screen.lines(width: out.terminal.width))
        }
        return row.state.tone == .failed || row.state.tone == .stopped ? .pipelineFailed : .done
    }

    private func detach(from row: RunRow) throws {
        let err = context.console.err
        try err.line("\("detached", .yellow); \(row.id, .none, bold: true) goes on without this terminal")
        try err.lines(NextSteps.lines(RunSteps.after(row)))
    }
}

/// Sees to it that somebody drives the run while it is watched.
private struct DriverCare {
    let access: RunAccess
    let run: RunID
    private var checkedAt = ContinuousClock.now
    private var restarts = 0

    init(access: RunAccess, run: RunID) {
        self.access = access
        self.run = run
    }

    /// Looks once a second: a driver that was just started needs a moment to take its lock.
    mutating func look(limit: Int) throws {
        guard ContinuousClock.now - checkedAt >= .seconds(1) else { return }
        checkedAt = .now
        guard try access.broker.ensureDriven(run) else { return }
        restarts += 1
        guard restarts <= limit else {
            let log = access.broker.folder.driverLog(of: run)
            throw CommandFailure(
                .wrongRequest, "the driver of \(run) dies again and again", details: access.lastLines(of: log),
                hints: ["look at \(log)", "sky resume \(run)"])
        }
    }
}
