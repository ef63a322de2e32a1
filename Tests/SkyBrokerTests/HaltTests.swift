import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import Testing

@testable import SkyBroker

@Suite("Runs that are stopped and started again") struct HaltTests {
    private static let dollar = Money(nanodollars: 1_000_000_000)
    private static let hour = TimeSpan.seconds(3600)

    private static func history(_ change: (inout Stage) -> Void = { _ in }) throws -> History {
        var stages = [
            Stage(name: "train", outputs: [StageOutput(name: "out")], run: "true"), Stage(name: "after", run: "true"),
        ]
        stages[1].after = ["train"]
        change(&stages[0])
        return try History(launch: .of(stages, pricePerHour: dollar))
    }

    @Test("machines are stopped, cost nothing meanwhile, and the next try goes on with them from the checkpoint")
    func stopsAndStarts() throws {
        var history = try Self.history { $0.checkpointPath = "ckpt" }
        history.playToRunning("train")
        let (first, group) = (history.id("train"), history.group("train"))
        let saving = history.play(.haltRequested(number: 1), after: Self.hour)
        #expect(saving == [.save(first, group, number: 1, endsJob: true)])
        #expect(history.state.status == .stopping)
        let saved = StoredArtifact.named("checkpoint", in: "aws")
        let halting = history.play(.checkpointed(first, saved, number: 1))
        #expect(halting == [.halt(first, token: first.token, provider: "aws")])
        #expect(history.play(.halted(first)) == [])
        #expect(history.state.status == .stopped && history.state.effects.isEmpty)
        let spent = history.state.spent(at: history.now)
        #expect(spent >= Self.dollar && spent < Self.dollar + Self.dollar.scaled(by: 1, over: 1000))
        #expect(history.state.rate == .zero)

        let starting = history.play(.startRequested(number: 1), after: Self.hour)
        let second = history.id("train")
        #expect(second.number == 2 && starting == [.start(second, token: first.token, provider: "aws")])
        #expect(history.state.spent(at: history.now) == spent)
        var moved = group
        moved.nodes[0].address = "10.9.9.9"
        let delivering = history.play(.provisioned(second, moved))
        #expect(delivering == [.deliver(second, moved, inputs: [], code: nil, checkpoint: saved)])
        history.play(.delivered(second, []))
        #expect(history.state.status == .running && history.state.rate == Self.dollar)
        history.play(.jobEnded(second, exitCode: 0))
        let last = history.play(.collected(second, [.named("out", in: "aws")]))
        #expect(last.contains(.release(second, token: first.token, provider: "aws")))
    }

    @Test("what cannot be stopped is given back, and rented anew when the run is started")
    func givesBack() throws {
        var history = try Self.history()
        history.playToRunning("train")
        let id = history.id("train")
        #expect(history.play(.haltRequested(number: 1)) == [.halt(id, token: id.token, provider: "aws")])
        let release = history.play(.notHalted(id, message: "spot"))
        #expect(release == [.release(id, token: id.token, provider: "aws")])
        history.play(.released(id))
        #expect(history.state.status == .stopped && history.state.effects.isEmpty)
        #expect(history.state.stages[0].lastTrouble?.contains("spot") == true)
        let work = history.play(.startRequested(number: 1))
        guard case .provision(let next, _, _)? = work.first else {
            Issue.record("\(work)")
            return
        }
        #expect(next.number == 2)
    }

    @Test("nothing begins while a run is stopped, and all of it when it is started")
    func beginsNothing() throws {
        var history = try Self.history()
        history.play(.haltRequested(number: 1))
        #expect(history.state.status == .stopped && history.state.effects.isEmpty)
        history.play(.lookedUp(stage: "train", reuse: nil))
        #expect(history.state.effects.isEmpty)
        #expect(history.play(.startRequested(number: 1)) == [.lookUp(stage: "train", inputs: [])])
    }

    @Test("no capacity to start again gives the machines back, and rents in the next zone with the checkpoint")
    func noCapacity() throws {
        var history = try Self.history { $0.checkpointPath = "ckpt" }
        history.playToRunning("train")
        let first = history.id("train")
        history.play(.haltRequested(number: 1))
        let saved = StoredArtifact.named("checkpoint", in: "aws")
        history.play(.checkpointed(first, saved, number: 1))
        history.play(.halted(first))
        history.play(.startRequested(number: 1))
        let refusal = ProviderError(.noCapacity, provider: "aws", "InsufficientInstanceCapacity")
        let second = history.id("train")
        let release = history.play(.provisionFailed(second, refusal))
        #expect(release == [.release(second, token: first.token, provider: "aws")])
        let next = history.play(.released(second))
        #expect(history.state.stages[0].checkpoint == saved)
        guard case .provision(let third, _, let zone)? = next.first else {
            Issue.record("\(next)")
            return
        }
        #expect(third.number == 3 && zone == "b")
    }

    @Test("requests that are heard twice, late or in the wrong order change nothing")
    func echoes() throws {
        var history = try Self.history()
        history.playToRunning("train")
        let id = history.id("train")
        history.play(.startRequested(number: 1))
        #expect(history.state.stages[0].phase == .running)
        history.play(.haltRequested(number: 1))
        history.play(.halted(id))
        history.play(.startRequested(number: 1))
        let starting = history.state
        for event: RunEvent in [.haltRequested(number: 1), .startRequested(number: 1), .halted(id)] {
            history.play(event)
            #expect(history.state == starting, "\(event)")
        }
        history.play(.haltRequested(number: 2))
        #expect(history.state.stages[0].phase == .halting)
    }

    @Test("a start that comes while machines are being stopped starts them once they are")
    func startsInBetween() throws {
        var history = try Self.history()
        history.playToRunning("train")
        let id = history.id("train")
        history.play(.haltRequested(number: 1))
        history.play(.startRequested(number: 1))
        #expect(history.state.status == .running)
        let work = history.play(.halted(id))
        #expect(work == [.start(history.id("train"), token: id.token, provider: "aws")])
    }

    @Test("a stopped run that is taken down gives its stopped machines back", arguments: [StopReason.down, .cancel])
    func down(reason: StopReason) throws {
        var history = try Self.history()
        history.playToRunning("train")
        let id = history.id("train")
        history.play(.haltRequested(number: 1))
        history.play(.halted(id))
        #expect(history.play(.stopRequested(reason)) == [.release(id, token: id.token, provider: "aws")])
        history.play(.released(id))
        #expect(history.state.status == .cancelled)
    }

    @Test("machines that do not stop in time are given back")
    func patience() throws {
        var history = try Self.history()
        history.playToRunning("train")
        history.play(.haltRequested(number: 1))
        let work = history.ring(.patience, of: "train")
        #expect(work == [.release(history.id("train"), token: history.id("train").token, provider: "aws")])
    }

    @Test("each try is billed for the time that its machines ran, by the provider's books")
    func books() throws {
        var history = try Self.history()
        history.playToRunning("train")
        let (first, group) = (history.id("train"), history.group("train"))
        let begin = history.now
        history.play(.haltRequested(number: 1), after: Self.hour)
        history.play(.halted(first, held: HeldSpan(since: begin, until: begin + Self.hour)))
        history.play(.startRequested(number: 1), after: Self.hour)
        let second = history.id("train")
        history.play(.provisioned(second, group))
        history.play(.stopRequested(.cancel), after: Self.hour)
        let again = begin + Self.hour + Self.hour
        history.play(.released(second, held: HeldSpan(since: again, until: again + Self.hour)))
        #expect(history.state.endedAt != nil)
        #expect(history.state.spent(at: history.now) == Self.dollar + Self.dollar)
        #expect(history.state.stages[0].attempts.map { $0.nodeCost(until: history.now) } == [Self.dollar, Self.dollar])
        #expect(history.state.formerHolder(ofNodesOf: second) == nil, "it is the stage's own")
    }

    @Test("machines whose start came to nothing are not billed for the time before once more")
    func booksOfNoStart() throws {
        var history = try Self.history()
        history.playToRunning("train")
        let first = history.id("train")
        let span = HeldSpan(since: history.now, until: history.now + Self.hour)
        history.play(.haltRequested(number: 1), after: Self.hour)
        history.play(.halted(first, held: span))
        history.play(.startRequested(number: 1))
        history.play(.stopRequested(.cancel))
        history.play(.released(history.id("train"), held: span))
        #expect(history.state.spent(at: history.now) == Self.dollar)
    }
}
