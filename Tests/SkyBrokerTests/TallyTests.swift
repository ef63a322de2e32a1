import SkyCore
import SkyPlacement
import Testing

@testable import SkyBroker

/// What a run keeps from event to event is what going through all its stages would find.
@Suite("A run's tally") struct TallyTests {
    @Test("after each event of bad days", arguments: [UInt64](0..<30))
    func isWhatStagesSay(seed: UInt64) throws {
        let faults = SimulatedCloud.Faults(
            refusal: 0.2, lostReply: 0.1, preemption: 0.02, jobFailure: 0.01, lostArtifact: 0.02)
        var launch = Launch.diamondWithService()
        for index in launch.plan.stages.indices {
            launch.plan.stages[index].pricePerHour = Money(nanodollars: 1_234_567_891 << index)
        }
        var driver = try SimulatedDriver(
            launch: launch, cloud: SimulatedCloud(seed: seed, faults: faults), crashProbability: 0.02)
        try driver.run(stopAfter: seed % 3 == 0 ? 60 : nil)
        var state = try #require(RunState(driver.journal[0]))
        var hasSpent = false
        for event in driver.journal.dropFirst() {
            _ = state.apply(event)
            expectTrue(state, at: event.at)
            hasSpent = hasSpent || state.spent(at: event.at) > .zero
        }
        #expect(hasSpent)
    }

    private func expectTrue(_ state: RunState, at now: Instant) {
        let stages = state.stages
        #expect(state.tally.busy == stages.count { $0.phase.isBusy })
        #expect(state.tally.unended == stages.count { !$0.phase.isEnded })
        #expect(state.tally.settled == stages.count { $0.phase == .ended(.succeeded) || $0.phase.isServing })
        #expect(state.tally.serving == stages.count { $0.phase.isServing })
        let attempts = stages.flatMap(\.attempts)
        #expect(
            state.rate == attempts.filter(\.holdsNodes).reduce(.zero) { $0 + $1.planned.pricePerHour })
        // Each attempt that holds nodes is rounded by itself where one goes through them.
        for moment in [now, now + .hour] {
            let difference = state.spent(at: moment) - stages.reduce(.zero) { $0 + $1.spent(at: moment) }
            #expect(difference.nanodollars.magnitude <= attempts.count(where: \.holdsNodes))
        }
    }

    @Test("what went by way of the broker's machine is part of what was spent, and changes nothing else")
    func relays() throws {
        var history = try History()
        history.play(.lookedUp(stage: "one", reuse: nil))
        let id = history.id("one")
        history.play(.provisioned(id, history.group("one")))
        let before = history.state.spent(at: history.now)
        let relay = Relay(path: "inputs/a", size: DataSize(bytes: 5), cost: Money(nanodollars: 7), reason: "no curl")
        #expect(history.play(.relayed(id, relay), after: .zero).isEmpty)
        #expect(history.state.spent(at: history.now) == before + relay.cost)
        expectTrue(history.state, at: history.now)
        #expect(history.state.view(at: history.now).stages[0].relays == [relay])
        // Of a try that is over, nothing is counted any more.
        let late = AttemptID(run: id.run, stage: id.stage, number: 7)
        history.play(.relayed(late, relay), after: .zero)
        #expect(history.state.spent(at: history.now) == before + relay.cost)
    }

    @Test("a clock that is set back takes nothing from what was spent")
    func clockSetBack() {
        var meter = Meter()
        meter.hold(at: Money(nanodollars: 3_600_000), since: .start + .hour)
        #expect(meter.spent(at: .start) == .zero)
        #expect(meter.spent(at: .start + .hour + TimeSpan(milliseconds: 5)) == Money(nanodollars: 5))
        meter.letGo(at: Money(nanodollars: 3_600_000), since: .start + .hour)
        meter.settle(Money(nanodollars: 7))
        #expect(meter.spent(at: .start + .hour) == Money(nanodollars: 7))
    }

    @Test("who knows what is under way is told only what is new")
    func effectsBesideOthers() throws {
        var driver = try SimulatedDriver(
            launch: .diamondWithService(), cloud: SimulatedCloud(seed: 5, faults: .init(refusal: 0.2)),
            crashProbability: 0)
        try driver.run()
        var state = try #require(RunState(driver.journal[0]))
        var underWay = Array(repeating: [Effect.ID](), count: state.stages.count)
        var wanted = WantedEffects()
        for event in driver.journal.dropFirst() {
            _ = state.apply(event)
            for index in underWay.indices {
                let all = state.effects(of: index)
                wanted.begin(beside: underWay[index])
                state.gatherEffects(of: index, in: &wanted)
                #expect(wanted.ids == all.map(\.id))
                #expect(wanted.new == all.filter { !underWay[index].contains($0.id) })
                underWay[index] = wanted.ids
            }
        }
    }
}
