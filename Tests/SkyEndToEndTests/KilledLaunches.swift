import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// Launches of a pipeline whose broker is killed in one of its calls to a cloud, in each of them in turn.
struct KilledLaunches {
    let sky: SkyUnderTest
    let cloud: any HoldingCloud
    /// Of a pipeline named `one`, of one stage.
    let resources: String
    /// A pattern of the launch's first call that is about its machines: what comes before makes nothing.
    let from: String

    /// What becomes of a run whose broker is dead.
    private enum Ending: CaseIterable {
        case goesOn, isGivenUp, isForgotten
    }

    /// - Parameters:
    ///   - moments: of each call: all of them, or one where a launch has so many calls that a test would take too long.
    ///   - named: patterns of calls that the broker is killed in for certain. How often it looks before them is chance, so
    ///     the number of one that changes something may pass it by.
    ///   - then: looks at what is left each time, where nothing may be.
    /// - Returns: in how many calls the broker was killed, before or after each, in turn.
    func everywhere(
        _ moments: [HeldCall.When] = HeldCall.When.allCases, named: [String], then: () async throws -> Void
    ) async throws -> Int {
        var missed = moments.flatMap { when in named.map { (when, pattern: $0) } }
        var (kills, call, isOver) = (0, 1, false)
        while !isOver {
            for when in moments where !isOver {
                // Three endings, and two moments of a call: each comes to each.
                let turn = 2 * call + (when == .before ? 0 : 1)
                let ending = Ending.allCases[turn % Ending.allCases.count]
                let outcome = try await kill(HeldCall(call, when, from: from), "\(when) call \(call)", ending)
                try await then()
                switch outcome {
                case .killed(let text):
                    kills += 1
                    try missed.removeAll { try $0 == when && text.contains(Regex($1)) }
                case .nobodyWaited: break
                case .noSuchCall: isOver = true
                }
            }
            call += 1
        }
        for (turn, (when, pattern)) in missed.enumerated() {
            let ending = Ending.allCases[turn % Ending.allCases.count]
            let outcome = try await kill(HeldCall(1, when, from: pattern), "\(when) \(pattern)", ending)
            try await then()
            if case .killed = outcome { continue }
            Issue.record("a launch makes no call \(pattern)")
        }
        return kills
    }

    private enum Outcome {
        /// In a call of these words.
        case killed(String)
        /// The run went to its end without an answer to that call.
        case nobodyWaited
        /// The launch has fewer calls.
        case noSuchCall
    }

    private func kill(_ wish: HeldCall, _ moment: String, _ ending: Ending) async throws -> Outcome {
        // A run has succeeded a moment before its driver's last call.
        try await sky.wait("earlier drivers have ended") { sky.processes(whoseCommandHas: "driver ").isEmpty }
        _ = try cloud.held(wish)
        let pipeline = try sky.write(
            """
            name: one
            stages:
              only: {resources: \(resources), run: echo done}
            """)
        let launch = try await sky("launch", pipeline, "--yes", "--detach")
        try #require(launch.exitCode == 0, "\(launch.errors)")
        let run = try sky.runName("one", in: launch)
        guard try await isHeld(run, moment) else {
            #expect(try cloud.held(HeldCall.none).machines == 0, "\(run) is done")
            return .noSuchCall
        }
        let drivers = sky.processes(whoseCommandHas: "driver \(run)")
        if drivers.isEmpty {
            #expect(try await hasSucceeded(run), "\(moment): there is no driver")
            #expect(try cloud.held(HeldCall.none).machines == 0, "\(run) is done")
            return .nobodyWaited
        }
        #expect(drivers.count == 1, "\(moment)")
        for pid in drivers { Glibc.kill(pid, SIGKILL) }
        try await sky.wait("the driver is dead") { !drivers.contains(where: ProcessTable.isAlive) }
        let then = try cloud.held(nil)
        _ = try cloud.held(HeldCall.none)
        try await end(run, ending, moment)
        let after = try cloud.held(nil)
        #expect(max(then.most, after.most) <= 1, "\(moment), \(ending)")
        #expect(after.machines == 0, "\(moment), \(ending)")
        let garbage = try await sky("gc")
        #expect(garbage.exitCode == 0, "\(moment), \(ending): \(garbage.output)\(garbage.errors)")
        return .killed(then.text)
    }

    /// Waits until a call is held, or the run is done without one.
    private func isHeld(_ run: String, _ moment: String) async throws -> Bool {
        var (isHeld, looks) = (false, 0)
        try await sky.wait("\(moment) comes, or the run is done") {
            isHeld = try cloud.held(nil).is_held
            looks += 1
            guard !isHeld, looks % 10 == 0 else { return isHeld }
            return try await hasSucceeded(run)
        }
        return isHeld
    }

    private func hasSucceeded(_ run: String) async throws -> Bool {
        let state = try await sky.status(of: run).state
        try #require(state != "failed", "\(run)")
        return state == "succeeded"
    }

    private func end(_ run: String, _ ending: Ending, _ moment: String) async throws {
        switch ending {
        case .goesOn:
            let resume = try await sky("resume", run)
            #expect(resume.exitCode == 0, "\(moment): \(resume.errors)")
            try await sky.wait("the run is done") { try await hasSucceeded(run) }
        case .isGivenUp:
            let down = try await sky("down", run, "--yes")
            #expect(down.exitCode == 0, "\(moment): \(down.errors)")
        case .isForgotten:
            try sky.loseJournal(withRuns: true)
            let garbage = try await sky("gc", "--yes")
            #expect(garbage.exitCode == 0, "\(moment): \(garbage.output)\(garbage.errors)")
        }
    }
}
