import SkyCore
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyCLI

@Suite("Live progress")
struct ProgressTests {
    private let interactive = Terminal(isInteractive: true, width: 80, height: 24, isColoured: false)

    @Test("a frame has a line per stage, and one for the run")
    func frame() throws {
        let lines = ProgressFrame(run: Samples.run(), now: Samples.now, tick: 3).lines(width: 100)
        try expectGolden(plainText(lines), "progress-frame.txt")
    }

    @Test("a frame never leaves the window", arguments: [20, 40, 80], [4, 8, 24])
    func fits(width: Int, height: Int) {
        var run = Samples.run()
        run.stages += (1...30).map { StageRow(name: "later-\($0)", state: StateWord("waiting", .waiting)) }
        let lines = ProgressFrame(run: run, now: Samples.now, tick: 0).lines(width: width, height: height)
        #expect(lines.allSatisfy { $0.width <= width })
        #expect(lines.count < height)
        #expect(height < 6 || plainText(lines).contains("train"))
    }

    @Test("without a terminal, each change is a line of its own and nothing is said twice")
    func changes() throws {
        let start = Samples.run()
        var next = start
        next.stages[1].state = StateWord("done", .succeeded)
        next.stages[1].endedAt = Samples.now
        next.stages[1].note = nil
        next.stages[2].state = StateWord("provisioning", .active)
        next.stages[2].place = .init(provider: "aws", region: "us-east-1", instanceType: "inf2.xlarge")
        next.stages[2].attempts = 1
        let lines =
            ProgressChanges.lines(from: nil, to: start, now: Samples.now)
            + ProgressChanges.lines(from: start, to: start, now: Samples.now)
            + ProgressChanges.lines(from: start, to: next, now: Samples.now + .seconds(5))
        try expectGolden(plainText(lines), "progress-changes.txt")
    }

    @Test("following ends when the run is settled, with the cursor given back")
    func settles() throws {
        let output = CapturedOutput(terminal: interactive)
        let script = RunScript([Samples.run(), Samples.run(), Samples.servingRun()])
        let follower = RunFollower(output: output, interruptions: NoInterruptions(), now: { Samples.now })
        let ending = try follower.follow(script.next) { $0.state.tone == .serving }
        #expect(ending == .settled(Samples.servingRun()))
        #expect(output.text.components("\u{1b}[?25l") == 1)
        #expect(output.text.hasSuffix("\u{1b}[?25h"))
    }

    @Test("Ctrl-C detaches, with the cursor given back")
    func detaches() throws {
        let output = CapturedOutput(terminal: interactive)
        let follower = RunFollower(
            output: output, interruptions: Interruptions([nil, .resize, .suspend, .interrupt]), now: { Samples.now })
        let ending = try follower.follow({ Samples.run() }, until: { _ in false })
        #expect(ending == .detached(Samples.run()))
        #expect(output.text.components("\u{1b}[?25l") == 2)  // once more after having been suspended
        #expect(output.text.hasSuffix("\u{1b}[?25h"))
    }

    @Test("the cursor comes back when looking at the run fails")
    func fails() {
        let output = CapturedOutput(terminal: interactive)
        let script = RunScript([Samples.run()])
        let follower = RunFollower(output: output, interruptions: NoInterruptions(), now: { Samples.now })
        #expect(throws: RunScript.Exhausted.self) { try follower.follow(script.next) { _ in false } }
        #expect(output.text.hasSuffix("\u{1b}[?25h"))
    }

    @Test("off a terminal no escape sequence is ever written")
    func plain() throws {
        let output = CapturedOutput()
        let script = RunScript([Samples.run(), Samples.servingRun()])
        let follower = RunFollower(output: output, interruptions: NoInterruptions(), now: { Samples.now })
        _ = try follower.follow(script.next) { $0.state.tone == .serving }
        #expect(!output.text.contains("\u{1b}"))
        #expect(output.text.contains("http://127.0.0.1:41873"))
    }
}

extension String {
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}

/// Interruptions in a given order.
private final class Interruptions: InterruptionSource {
    private let list: Mutex<[Interruption?]>

    init(_ list: [Interruption?]) { self.list = Mutex(list) }

    func next(within limit: TimeSpan) -> Interruption? { list.withLock { $0.isEmpty ? .interrupt : $0.removeFirst() } }
    func suspend() {}
}

/// A run's states in a given order.
private final class RunScript: Sendable {
    struct Exhausted: Error {}
    private let states: Mutex<[RunRow]>

    init(_ states: [RunRow]) { self.states = Mutex(states) }

    func next() throws -> RunRow {
        try states.withLock { states in
            guard !states.isEmpty else { throw Exhausted() }
            return states.removeFirst()
        }
    }
}
