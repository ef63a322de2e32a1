import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import Testing

@testable import SkyBroker

/// Nodes of a stage that has failed, kept for people to look at.
@Suite("Kept nodes") struct HoldTests {
    private static let hold = TimeSpan.seconds(1800)

    private func history(
        price: String = "1", _ change: (inout Launch) -> Void = { $0.options = LaunchOptions(keepOnFailure: hold) }
    ) throws -> History {
        let one = Stage(name: "one", outputs: [StageOutput(name: "out")], run: "true")
        let two = Stage(name: "two", outputs: [StageOutput(name: "out")], run: "true")
        var launch = Launch.of([one, two], zones: ["a"], pricePerHour: Money(price) ?? .zero, market: .onDemand)
        change(&launch)
        var history = try History(launch: launch)
        history.playToRunning("one")
        return history
    }

    private func stage(_ name: String, of history: History) throws -> StageState {
        try #require(history.state.stage(named: name))
    }

    @Test("a stage that fails keeps its nodes for so long, and their lease; all else of the run ends")
    func kept() throws {
        var history = try history()
        history.playToRunning("two")
        history.play(.jobEnded(history.id("one"), exitCode: 1))
        #expect(try stage("one", of: history).view(at: history.now).state == .held)
        #expect(try stage("two", of: history).view(at: history.now).state == .releasing)
        #expect(history.state.status == .stopping)
        let keeps = history.state.effects.contains {
            if case .keep(history.id("one"), _) = $0.work { true } else { false }
        }
        #expect(keeps)
        history.play(.released(history.id("two")))
        #expect(history.state.status == .stopping)
        let before = history.now
        #expect(
            history.ring(.phase, of: "one") == [
                .release(history.id("one"), token: history.id("one").token, provider: "aws")
            ])
        #expect(history.now - before == Self.hold || history.now - before == Self.hold - TimeSpan(milliseconds: 1))
        history.play(.released(history.id("one")))
        #expect(history.state.status == .failed)
        #expect(try stage("one", of: history).lastTrouble == "the command ended with exit code 1")
        #expect(try stage("one", of: history).spent(at: history.now) > Money("0.49") ?? .zero)
    }

    @Test("the pipeline can say so too, and a launch says it better")
    func fromPipeline() throws {
        var own = try history { $0.pipeline.keepOnFailure = .seconds(60) }
        own.play(.jobEnded(own.id("one"), exitCode: 1))
        #expect(try stage("one", of: own).view(at: own.now).heldUntil == own.now + .seconds(60))
        var both = try history {
            $0.pipeline.keepOnFailure = .seconds(60)
            $0.options = LaunchOptions(keepOnFailure: .seconds(5))
        }
        both.play(.jobEnded(both.id("one"), exitCode: 1))
        #expect(try stage("one", of: both).view(at: both.now).heldUntil == both.now + .seconds(5))
    }

    @Test("a stop ends it at once, and the run stays failed", arguments: [StopReason.cancel, .down])
    func stopped(reason: StopReason) throws {
        var history = try history()
        history.play(.jobEnded(history.id("one"), exitCode: 1))
        #expect(
            history.play(.stopRequested(reason)) == [
                .release(history.id("one"), token: history.id("one").token, provider: "aws")
            ])
        history.play(.released(history.id("one")))
        #expect(history.state.status == .failed)
    }

    @Test("a spent budget ends it", arguments: Budget.AtLimit.allCases)
    func budget(atLimit: Budget.AtLimit) throws {
        var history = try history(price: "3") {
            $0.options = LaunchOptions(keepOnFailure: .hour)
            $0.pipeline.budget = Budget(limit: Money("1") ?? .zero, atLimit: atLimit)
        }
        history.play(.jobEnded(history.id("one"), exitCode: 1))
        // First the warning, then the end of it.
        history.ring(.budget)
        #expect(history.ring(.budget) == [.release(history.id("one"), token: history.id("one").token, provider: "aws")])
        #expect(try stage("one", of: history).spent(at: history.now) < Money("1.01") ?? .zero)
    }

    @Test("a stage's own budget ends it, and one that is spent already lets nothing be kept")
    func ownBudget() throws {
        var history = try history(price: "3") {
            $0.options = LaunchOptions(keepOnFailure: .hour)
            $0.pipeline.stages[0].budget = Budget(limit: Money("1") ?? .zero, atLimit: .finish)
        }
        var late = history
        history.play(.jobEnded(history.id("one"), exitCode: 1))
        history.ring(.budget, of: "one")
        #expect(
            history.ring(.budget, of: "one") == [
                .release(history.id("one"), token: history.id("one").token, provider: "aws")
            ])
        history.play(.released(history.id("one")))
        #expect(try stage("one", of: history).lastTrouble == "the command ended with exit code 1")

        late.ring(.budget, of: "one")
        late.ring(.budget, of: "one")
        #expect(
            late.play(.jobEnded(late.id("one"), exitCode: 1)) == [
                .release(late.id("one"), token: late.id("one").token, provider: "aws")
            ])
    }

    @Test("nodes that are lost meanwhile end it")
    func lost() throws {
        var history = try history()
        history.play(.jobEnded(history.id("one"), exitCode: 1))
        #expect(
            history.play(.attemptFailed(history.id("one"), .nodesLost(message: "gone")))
                == [.release(history.id("one"), token: history.id("one").token, provider: "aws")])
        history.play(.released(history.id("one")))
        #expect(history.state.status == .failed)
        #expect(try stage("one", of: history).attempts.count == 1)
    }

    @Test("a stage that is tried again keeps nothing until the last try has failed")
    func retries() throws {
        var history = try history {
            $0.options = LaunchOptions(keepOnFailure: Self.hold)
            $0.pipeline.stages[0].jobRecovery = JobRecovery(maxRestartsOnErrors: 1)
        }
        history.play(.jobEnded(history.id("one"), exitCode: 1))
        #expect(try stage("one", of: history).view(at: history.now).state == .releasing)
        history.play(.released(history.id("one")))
        history.ring(.phase, of: "one")
        history.play(.provisioned(history.id("one"), history.group("one")))
        history.play(.delivered(history.id("one"), []))
        history.play(.jobEnded(history.id("one"), exitCode: 1))
        #expect(try stage("one", of: history).view(at: history.now).state == .held)
    }

    @Test("an output that was not written is looked for on the node; nodes that are announced to go are not kept")
    func otherFailures() throws {
        var history = try history()
        history.play(.jobEnded(history.id("one"), exitCode: 0))
        history.play(.attemptFailed(history.id("one"), .stage(message: "it did not write 'out'")))
        #expect(try stage("one", of: history).view(at: history.now).state == .held)

        var going = try self.history()
        going.play(.lossNoticed(going.id("one"), at: going.now + .seconds(120)))
        going.play(.jobEnded(going.id("one"), exitCode: 1))
        #expect(try stage("one", of: going).view(at: going.now).state == .releasing)
    }
}
