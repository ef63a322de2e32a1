import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import Testing

@testable import SkyBroker

@Suite("Nodes that outlive their stage") struct NodeReuseTests {
    private static let dollar = Money(nanodollars: 1_000_000_000)

    private static func fan(
        _ count: Int, maxParallel: Int? = 1, change: (inout [Stage]) -> Void = { _ in }
    ) throws -> History {
        var stages = (0..<count).map { Stage(name: "s\($0)", outputs: [StageOutput(name: "out")], run: "true") }
        change(&stages)
        var launch = Launch.of(stages, pricePerHour: dollar)
        launch.pipeline.maxParallel = maxParallel
        launch.pipeline.reusesNodes = true
        return try History(launch: launch)
    }

    @Test(
        "a stage that would rent the same takes over the nodes of one that is done: nothing is rented or given back"
    )
    func inherits() throws {
        var history = try Self.fan(2)
        history.playToRunning("s0")
        history.play(.jobEnded(history.id("s0"), exitCode: 0))
        let next = history.play(.collected(history.id("s0"), [.named("out", in: "aws")]))
        #expect(next == [.lookUp(stage: "s1", inputs: [])])
        let group = history.group("s0")
        let (effects, id) = (history.play(.lookedUp(stage: "s1", reuse: nil)), history.id("s1"))
        #expect(effects == [.deliver(id, group, inputs: [], code: nil, checkpoint: nil)])
        #expect(history.state.stages[0].phase == .ended(.succeeded))
        #expect(history.state.stages[1].attempt?.isInherited == true)

        history.play(.delivered(id, []))
        history.play(.jobEnded(id, exitCode: 0))
        let last = history.play(.collected(id, [.named("out", in: "aws")]))
        #expect(last == [.release(id, token: group.token, provider: "aws")])
        history.play(.released(id))
        #expect(history.state.status == .succeeded)
    }

    @Test("without reuse_nodes, or with other traits, nodes are given back and rented anew")
    func doesNotInherit() throws {
        let changes: [(inout [Stage]) -> Void] = [
            { $0[1].resources.diskSize = 500 }, { $0[1].resources.labels = ["team": "a"] },
            { $0[1].resources.ports = [80] }, { $0[1].resources.imageID = "other" },
            { $0[1].service = ServiceSpec(port: 80) },
        ]
        for change in changes {
            var history = try Self.fan(2, change: change)
            history.playToRunning("s0")
            history.play(.jobEnded(history.id("s0"), exitCode: 0))
            let effects = history.play(.collected(history.id("s0"), [.named("out", in: "aws")]))
            #expect(effects.contains(.release(history.id("s0"), token: history.id("s0").token, provider: "aws")))
        }
    }

    @Test(
        "machines that are had for so long and no longer are taken over only by a stage that fits into what is left",
        arguments: [4, 5])
    func timeLimit(hours: Int64) throws {
        var launch = Launch.of((0..<3).map { Stage(name: "s\($0)", outputs: [StageOutput(name: "out")], run: "true") })
        (launch.pipeline.maxParallel, launch.pipeline.reusesNodes) = (1, true)
        let offer = Offer(
            provider: "aws", region: "r", instanceType: "t", cpus: 1, memoryGiB: 1, pricePerHour: .zero,
            timeLimit: .seconds(hours * 3600))
        for index in launch.plan.stages.indices { launch.plan.stages[index].offer = offer }
        var history = try History(launch: launch)
        history.playToRunning("s0")
        history.play(.jobEnded(history.id("s0"), exitCode: 0), after: .seconds(2 * 3600))
        history.play(.collected(history.id("s0"), [.named("out", in: "aws")]))
        history.play(.lookedUp(stage: "s1", reuse: nil))
        #expect(history.state.stages[1].attempt?.isInherited == true)
        history.play(.delivered(history.id("s1"), []))
        history.play(.jobEnded(history.id("s1"), exitCode: 0), after: .seconds(3600 + 60))
        history.play(.collected(history.id("s1"), [.named("out", in: "aws")]))
        // The plan says an hour.
        #expect((history.state.stages[1].phase == .yielding) == (hours == 5))
    }

    @Test("nodes wait only for stages of which it is being found out whether they need any, and only for so many")
    func waitsForFew() throws {
        var history = try Self.fan(3, maxParallel: 2)
        history.playToRunning("s0")
        history.playToRunning("s1")
        for name in ["s0", "s1"] { history.play(.jobEnded(history.id(name), exitCode: 0)) }
        history.play(.collected(history.id("s0"), [.named("out", in: "aws")]))
        #expect(history.state.stages[0].phase == .yielding)
        // One stage is left, and one group waits for it.
        let effects = history.play(.collected(history.id("s1"), [.named("out", in: "aws")]))
        #expect(effects == [.release(history.id("s1"), token: history.id("s1").token, provider: "aws")])
        // It was done before.
        let reuse = Reuse(run: history.state.run, outputs: [.named("out", in: "aws")])
        let back = history.play(.lookedUp(stage: "s2", reuse: reuse))
        #expect(back == [.release(history.id("s0"), token: history.id("s0").token, provider: "aws")])
    }

    @Test("nodes that nobody has taken over within a minute are given back")
    func patience() throws {
        var history = try Self.fan(2)
        history.playToRunning("s0")
        history.play(.jobEnded(history.id("s0"), exitCode: 0))
        history.play(.collected(history.id("s0"), [.named("out", in: "aws")]))
        let effects = history.ring(.patience, of: "s0")
        #expect(effects == [.release(history.id("s0"), token: history.id("s0").token, provider: "aws")])
    }

    @Test(
        "nodes that are lost or will be, or whose run is stopped, nobody takes over, and their stage is done all the same"
    )
    func trouble() throws {
        for happening in 0..<3 {
            var history = try Self.fan(2)
            history.playToRunning("s0")
            let id = history.id("s0")
            history.play(.jobEnded(id, exitCode: 0))
            history.play(.collected(id, [.named("out", in: "aws")]))
            let events: [RunEvent] = [
                .attemptFailed(id, .nodesLost(message: "gone")), .lossNoticed(id, at: history.now),
                .stopRequested(.cancel),
            ]
            #expect(history.play(events[happening]) == [.release(id, token: id.token, provider: "aws")])
            history.play(.released(id))
            #expect(history.state.stages[0].phase == .ended(.succeeded))
        }
    }

    @Test("a stage that fails on nodes it took over gives them back and goes on with some of its own")
    func failsOnInherited() throws {
        var history = try Self.fan(2)
        history.playToRunning("s0")
        let first = history.id("s0")
        history.play(.jobEnded(first, exitCode: 0))
        history.play(.collected(first, [.named("out", in: "aws")]))
        history.play(.lookedUp(stage: "s1", reuse: nil))
        let second = history.id("s1")
        let effects = history.play(.attemptFailed(second, .nodesLost(message: "gone")))
        #expect(effects == [.release(second, token: first.token, provider: "aws")])
        let anew = history.play(.released(second))
        #expect(history.id("s1").number == 2)
        #expect(anew.contains { if case .provision(history.id("s1"), _, _) = $0 { true } else { false } })
    }

    @Test("the money of nodes that were passed on is shared out as they were held, and is the provider's sum")
    func money() throws {
        var history = try Self.fan(3)
        history.play(.lookedUp(stage: "s0", reuse: nil))
        let asked = history.now
        history.play(.provisioned(history.id("s0"), history.group("s0")), after: .seconds(60))
        for index in 0..<3 {
            if index > 0 { history.play(.lookedUp(stage: "s\(index)", reuse: nil)) }
            history.play(.delivered(history.id("s\(index)"), []))
            history.play(.jobEnded(history.id("s\(index)"), exitCode: 0), after: .seconds(1800))
            history.play(.collected(history.id("s\(index)"), [.named("out", in: "aws")]))
        }
        let span = HeldSpan(since: asked, until: history.now)
        history.play(.released(history.id("s2"), held: span))
        let costs = history.state.stages.map { $0.spent(at: history.now) }
        let sum = costs.reduce(.zero, +)
        let whole = Self.dollar.perHour(for: span.until - span.since)
        #expect((sum - whole).nanodollars.magnitude < 10, "\(costs)")
        #expect((sum - history.state.spent(at: history.now)).nanodollars.magnitude < 10)
        // The first has the minute in which they started as well.
        #expect(costs[0] > costs[1] && costs[1] < whole)
        #expect(
            CostReport(history.state, at: history.now).billed.map { ($0 - whole).nanodollars.magnitude < 10 } == true)
    }
}
