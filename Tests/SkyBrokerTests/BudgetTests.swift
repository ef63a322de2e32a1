import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import Testing

@testable import SkyBroker

/// What happens when the money is spent. Machines cost a dollar an hour.
@Suite("Budgets") struct BudgetTests {
    private func history(
        run: Budget? = nil, stage: Budget? = nil, stages: Int = 1, _ change: (inout Launch) -> Void = { _ in }
    ) throws -> History {
        var launch = Launch.of(
            (0..<stages).map { Stage(name: "s\($0)", run: "true", budget: stage) }, pricePerHour: Money("1") ?? .zero)
        launch.pipeline.budget = run
        change(&launch)
        return try History(launch: launch)
    }

    private static let two = Money("2") ?? .zero

    @Test("the meter's clock is set for four fifths and then for all of it, to the millisecond")
    func clock() throws {
        var history = try history(run: Budget(limit: Self.two))
        history.playToRunning("s0")
        let began = try #require(history.state.stages[0].attempt?.provisionedAt)
        history.ring(.budget)
        #expect(history.now - began == TimeSpan(milliseconds: 5_760_000))
        #expect(history.state.stopping == nil)
        #expect(history.ring(.budget) == [.release(history.id("s0"), token: history.id("s0").token, provider: "aws")])
        #expect(history.now - began == TimeSpan.seconds(7200))
        history.play(.released(history.id("s0")))
        #expect(history.state.status == .failed)
        #expect(history.state.view(at: history.now).failure?.hasPrefix("the budget of $2.00 is spent") == true)
    }

    @Test("with 'finish' what runs may end, and nothing new begins")
    func finish() throws {
        var history = try history(run: Budget(limit: Self.two, atLimit: .finish), stages: 2) {
            $0.pipeline.maxParallel = 1
        }
        history.playToRunning("s0")
        history.ring(.budget)
        #expect(history.ring(.budget).isEmpty)
        history.play(.jobEnded(history.id("s0"), exitCode: 0), after: .hour)
        history.play(.collected(history.id("s0"), []))
        history.play(.released(history.id("s0")))
        #expect(history.state.stages.map(\.phase) == [.ended(.succeeded), .ended(.stopped)])
        #expect(history.state.status == .failed)
    }

    @Test("with 'ask' a yes lets it spend as much again, and a no ends it", arguments: [true, false])
    func ask(isYes: Bool) throws {
        var history = try history(run: Budget(limit: Self.two, atLimit: .ask))
        history.playToRunning("s0")
        history.ring(.budget)
        guard case .ask(let question)? = history.ring(.budget).first else {
            Issue.record("nobody is asked")
            return
        }
        #expect(question.text == "the run has spent its budget of $2.00; may it spend $2.00 more?")
        #expect(Question(id: question.id)?.number == question.number)
        history.play(.answered(try #require(Question(id: question.id)), isYes: isYes))
        #expect((history.state.stopping == nil) == isYes)
        if isYes {
            history.ring(.budget)
            #expect(history.state.stopping == nil)
            #expect(history.ring(.budget).count == 1)
            #expect(history.state.spent(at: history.now) == Money("4"))
        }
    }

    @Test("a question that nobody answers for a quarter of an hour is answered no")
    func patience() throws {
        var history = try history(run: Budget(limit: Self.two, atLimit: .ask))
        history.playToRunning("s0")
        history.ring(.budget)
        history.ring(.budget)
        history.ring(.questionPatience)
        #expect(history.state.stopping != nil)
    }

    @Test("a stage's own budget ends that stage, and with it the run")
    func stage() throws {
        var history = try history(stage: Budget(limit: Self.two))
        history.playToRunning("s0")
        history.ring(.budget)
        #expect(history.ring(.budget) == [.release(history.id("s0"), token: history.id("s0").token, provider: "aws")])
        history.play(.released(history.id("s0")))
        #expect(history.state.stages[0].lastTrouble == "its budget of $2.00 is spent: raise 'budget' and launch again")
        #expect(history.state.status == .failed)
    }

    @Test("what was lost and what stood idle is named, and parts add up to what was metered")
    func report() throws {
        var history = try history()
        history.playToRunning("s0")
        history.play(.attemptFailed(history.id("s0"), .nodesLost(message: "gone")), after: .hour)
        history.play(.released(history.id("s0")))
        history.play(.provisioned(history.id("s0"), history.group("s0")))
        history.play(.delivered(history.id("s0"), []), after: .seconds(360))
        history.play(.jobEnded(history.id("s0"), exitCode: 0), after: .hour)
        history.play(.collected(history.id("s0"), []), after: .seconds(360))
        history.play(.released(history.id("s0"), held: nil))
        let report = CostReport(history.state, at: history.now).stages[0]
        #expect(report.lost.formatted(decimals: 2) == "$1.00")
        #expect(report.idle.formatted(decimals: 2) == "$0.20")
        #expect(report.metered == history.state.spent(at: history.now))
    }
}
