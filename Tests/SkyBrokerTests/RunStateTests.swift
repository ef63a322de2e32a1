import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkyStorage
import Testing

@testable import SkyBroker

/// Single decisions of the core, each from a hand-made history.
@Suite struct RunStateTests {
    @Test("a launch wants the first stage looked up, and nothing else")
    func launch() throws {
        let state = try #require(RunState(RecordedEvent(.launched(.chain()), at: .start)))
        #expect(state.effects.filter { !$0.isInBackground }.map(\.work) == [.lookUp(stage: "one", inputs: [])])
        #expect(state.status == .running)
    }

    @Test("a stage found by digest is not run, and its outputs feed the next")
    func reuse() throws {
        var history = try History()
        let reuse = Reuse(run: try #require(RunID("earlier-1")), outputs: [.named("out", in: "aws")])
        let effects = history.play(.lookedUp(stage: "one", reuse: reuse))
        #expect(effects == [.lookUp(stage: "two", inputs: [.named("data", in: "aws")])])
        #expect(history.state.stages[0].reusedFrom == RunID("earlier-1"))
        #expect(history.state.stages[0].attempts.isEmpty)
    }

    @Test("the next stage begins while the nodes of the one before are still being given back")
    func overlap() throws {
        var history = try History()
        history.playToRunning("one")
        history.play(.jobEnded(history.id("one"), exitCode: 0))
        let effects = history.play(.collected(history.id("one"), [.named("out", in: "aws")]))
        #expect(effects.contains(.release(history.id("one"), token: history.id("one").token, provider: "aws")))
        #expect(effects.contains { if case .lookUp("two", _) = $0 { true } else { false } })
    }

    @Test(
        "each kind of refusal leads to its own next step",
        arguments: [
            (ProviderError.Kind.noCapacity, "retry"), (.quota, "relocate"), (.credentials, "relocate"),
            (.transient, "pause"), (.badRequest, "fail"),
        ])
    func refusals(kind: ProviderError.Kind, step: String) throws {
        var history = try History()
        history.play(.lookedUp(stage: "one", reuse: nil))
        let effects = history.play(.provisionFailed(history.id("one"), ProviderError(kind, provider: "aws", "no")))
        #expect(effects == [.release(history.id("one"), token: history.id("one").token, provider: "aws")])
        history.play(.released(history.id("one")))
        let phase = history.state.stages[0].phase
        let seen =
            switch phase {
            case .provisioning: "retry"
            case .relocating: "relocate"
            case .pausing: "pause"
            case .ended(.failed): "fail"
            default: "\(phase)"
            }
        #expect(seen == step)
    }

    @Test("no capacity tries each zone before another place, and says which places refused")
    func zones() throws {
        var history = try History(zones: ["a", "b"])
        history.play(.lookedUp(stage: "one", reuse: nil))
        var tried: [String?] = []
        for _ in 0..<2 {
            tried.append(history.state.stages[0].attempt?.zone)
            history.play(.provisionFailed(history.id("one"), ProviderError(.noCapacity, provider: "aws", "none left")))
            history.play(.released(history.id("one")))
        }
        #expect(tried == ["a", "b"])
        #expect(
            history.state.stages[0].excluded == [
                BlockedPlace(provider: "aws", region: "r", zone: "a", instanceType: "t", market: .onDemand),
                BlockedPlace(provider: "aws", region: "r", instanceType: "t", market: .onDemand),
            ])
        #expect(history.state.stages[0].phase == .relocating)
    }

    @Test("a command that fails ends the run, and the reason is kept")
    func failure() throws {
        var history = try History()
        history.playToRunning("one")
        history.play(.jobEnded(history.id("one"), exitCode: 7))
        history.play(.released(history.id("one")))
        #expect(history.state.status == .failed)
        #expect(history.state.stages[0].lastTrouble == "the command ended with exit code 7")
        #expect(history.state.stages[1].phase == .ended(.stopped))
        #expect(history.state.effects.isEmpty)
    }

    @Test("an artifact that is lost is made again by the stage that makes it")
    func lineage() throws {
        var history = try History()
        history.finish("one")
        history.play(.lookedUp(stage: "two", reuse: nil))
        history.play(.provisioned(history.id("two"), history.group("two")))
        history.play(.attemptFailed(history.id("two"), .inputsLost(["one.out"])))
        #expect(history.state.stages[0].phase == .lookingUp)
        history.play(.released(history.id("two")))
        #expect(history.state.stages[1].phase == .waiting)
        history.play(.lookedUp(stage: "one", reuse: nil))
        #expect(history.state.stages[0].attempts.count == 2)
    }

    @Test("an echo of an earlier attempt changes nothing")
    func echoes() throws {
        var history = try History()
        history.playToRunning("one")
        let old = history.id("one")
        history.play(.attemptFailed(old, .nodesLost(message: "gone")))
        history.play(.released(old))
        let before = history.state
        #expect(history.play(.jobEnded(old, exitCode: 0)).isEmpty)
        #expect(history.play(.released(old)).isEmpty)
        #expect(history.state == before)
    }

    @Test("what a run costs is the time its nodes were held, to the nanodollar")
    func cost() throws {
        var history = try History(pricePerHour: Money("3.60") ?? .zero)
        history.play(.lookedUp(stage: "one", reuse: nil))
        history.play(.provisioned(history.id("one"), history.group("one")), after: .seconds(10))
        #expect(history.state.view(at: history.now + .seconds(5)).cost == Money("0.005"))
        history.play(.attemptFailed(history.id("one"), .stage(message: "x")), after: .seconds(20))
        history.play(.released(history.id("one")), after: .seconds(10))
        #expect(history.state.view(at: history.now + .hour).cost == Money("0.03"))
    }

    @Test("the pause after a passing failure doubles, and stays between 20 ms and 30 s")
    func pauses() {
        #expect(FailurePolicy.pause(after: 1, dice: 0) == TimeSpan(milliseconds: 20))
        #expect(FailurePolicy.pause(after: 1, dice: .max) == TimeSpan(milliseconds: 500))
        #expect(FailurePolicy.pause(after: 2, dice: .max) == TimeSpan(milliseconds: 1000))
        #expect(FailurePolicy.pause(after: 60, dice: .max) == .seconds(30))
    }
}
