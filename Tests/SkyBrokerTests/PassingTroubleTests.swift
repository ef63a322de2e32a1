import SkyCore
import SkySpec
import Testing

@testable import SkyBroker

/// Trouble on our side of nodes that came: files that cannot be carried, jobs that cannot be begun or reached.
@Suite("trouble on our side")
struct PassingTroubleTests {
    private static let trouble = AttemptFailure.transient(message: "no such bucket")
    private static let service = Stage(name: "one", run: "true", service: ServiceSpec(port: 8080))
    private static let instant = TimeSpan(milliseconds: 1)

    /// A stage whose nodes came ten minutes after they were asked for, in the phase of that name, with what it is about under way.
    private func history(in phase: String) throws -> (History, Effect.Work?) {
        var history = try phase == "probing" || phase == "serving" ? History(launch: .of([Self.service])) : History()
        history.play(.lookedUp(stage: "one", reuse: nil))
        var work = history.play(.provisioned(history.id("one"), history.group("one")), after: .seconds(600))
        if phase != "delivering" { work = history.play(.delivered(history.id("one"), [])) }
        if phase == "serving" { work = history.play(.serviceReady(history.id("one"), url: "http://a")) }
        if phase == "collecting" { work = history.play(.jobEnded(history.id("one"), exitCode: 0)) }
        #expect("\(history.state.stages[0].phase)".hasPrefix(phase))
        return (history, work.first)
    }

    @Test(
        "what was under way is begun again on the same nodes, after a pause",
        arguments: ["delivering", "running", "probing", "serving", "collecting"])
    func sameNodes(phase: String) throws {
        var (history, work) = try history(in: phase)
        let group = history.group("one")
        for _ in 0..<10 {
            let rest = history.play(.attemptFailed(history.id("one"), Self.trouble))
            #expect(rest.count == 1 && history.state.effects.contains { $0.id.slot == .keep })
            guard case .sleep(_, let until) = rest.first else { throw NoPause() }
            #expect(until > history.now)
            #expect(history.ring(.phase, of: "one") == [try #require(work)])
        }
        #expect(history.state.stages[0].attempts.count == 1 && history.group("one") == group)
        #expect(history.state.stages[0].lastTrouble == "no such bucket")
    }

    @Test("what a day's work made is not made again because a store was away for half an hour")
    func outputsAreKept() throws {
        var history = try History()
        history.playToRunning("one")
        history.play(.jobEnded(history.id("one"), exitCode: 0), after: .seconds(86_400))
        let begin = history.now
        while history.now - begin < .seconds(1800) {
            history.play(.attemptFailed(history.id("one"), Self.trouble))
            #expect(history.ring(.phase, of: "one") == [.collect(history.id("one"), history.group("one"))])
        }
        history.play(.collected(history.id("one"), [.named("out", in: "aws")]))
        history.play(.released(history.id("one")))
        #expect(history.state.stages[0].phase == .ended(.succeeded))
        #expect(history.state.stages[0].attempts.count == 1)
    }

    /// To give nodes back costs once more what it took to come so far.
    @Test(
        "nodes are kept for as long as it took to come so far, and never longer than an hour",
        arguments: [
            (TimeSpan.seconds(5), TimeSpan.seconds(5)), (.seconds(1200), .seconds(1200)), (.seconds(108_000), .hour),
        ])
    func breakEven(work: TimeSpan, kept: TimeSpan) throws {
        var history = try History()
        history.play(.lookedUp(stage: "one", reuse: nil))
        let begun = history.now
        history.play(.provisioned(history.id("one"), history.group("one")))
        history.play(.delivered(history.id("one"), []))
        history.play(.jobEnded(history.id("one"), exitCode: 0), after: work - (history.now - begun) - Self.instant)
        let (id, token) = (history.id("one"), history.id("one").token)
        let since = history.now + Self.instant
        while true {
            let next = history.play(.attemptFailed(id, Self.trouble))
            if next == [.release(id, token: token, provider: "aws")] { break }
            history.ring(.phase, of: "one")
            guard history.now - since <= kept else { break }
        }
        let ended = history.now - since
        #expect(ended >= kept && ended <= kept + Self.instant)
    }

    @Test("trouble that comes again after ten minutes is another one")
    func another() throws {
        var (history, _) = try history(in: "running")
        let id = history.id("one")
        for _ in 0..<20 {
            history.play(.attemptFailed(id, Self.trouble), after: .seconds(600))
            history.ring(.phase, of: "one")
        }
        #expect(history.id("one") == id && history.state.stages[0].phase == .running)
    }

    @Test("a job that ends while the way to it is broken has ended")
    func endsMeanwhile() throws {
        var (history, _) = try history(in: "running")
        history.play(.attemptFailed(history.id("one"), Self.trouble))
        let next = history.play(.jobEnded(history.id("one"), exitCode: 0))
        #expect(next == [.collect(history.id("one"), history.group("one"))])
    }

    /// Machines that come each time are no sign that anything has passed, and each try pays for some.
    @Test(
        "trouble that does not pass fails the stage after six groups of nodes",
        arguments: ["delivering", "running", "collecting"], [Self.instant, .seconds(900)])
    func lasting(phase: String, boot: TimeSpan) throws {
        var history = try History()
        history.play(.lookedUp(stage: "one", reuse: nil))
        for _ in 0..<6 {
            #expect(history.state.status == .running)
            let id = history.id("one")
            history.play(.provisioned(id, history.group("one")), after: boot)
            if phase != "delivering" { history.play(.delivered(id, [])) }
            if phase == "collecting" { history.play(.jobEnded(id, exitCode: 0), after: .hour) }
            while !history.state.stages[0].phase.isReleasing {
                history.play(.attemptFailed(id, Self.trouble))
                history.ring(.phase, of: "one")
            }
            history.play(.released(id))
            history.ring(.phase, of: "one")
        }
        #expect(history.state.stages[0].phase == .ended(.failed("no such bucket; it was tried 6 times")))
        #expect(history.state.status == .failed)
    }

    @Test("trouble after ten minutes of work is the first again")
    func afterWork() throws {
        var history = try History()
        history.play(.lookedUp(stage: "one", reuse: nil))
        for _ in 0..<20 {
            let id = history.id("one")
            history.play(.provisioned(id, history.group("one")))
            history.play(.delivered(id, []))
            history.play(.attemptFailed(id, Self.trouble), after: .seconds(600))
            while !history.state.stages[0].phase.isReleasing {
                history.ring(.phase, of: "one")
                history.play(.attemptFailed(id, Self.trouble))
            }
            history.play(.released(id))
            history.ring(.phase, of: "one")
        }
        #expect(history.state.status == .running)
        #expect(history.state.stages[0].attempts.count == 21)
    }

    @Test("a run that is stopped gives nodes back that are kept through trouble, and no clock of theirs rings any more")
    func stopped() throws {
        var (history, _) = try history(in: "collecting")
        history.play(.attemptFailed(history.id("one"), Self.trouble))
        let id = history.id("one")
        #expect(history.play(.stopRequested(.cancel)) == [.release(id, token: id.token, provider: "aws")])
    }

    private struct NoPause: Error {}
}
