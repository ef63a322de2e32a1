import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import SkyStorage
import Testing

@testable import SkyBroker

/// A stage that keeps a deadline of its own: on spot while it can wait, on demand when it must.
@Suite("A stage with a deadline on spot") struct DeadlineStageTests {
    private static func offer(_ market: Offer.Market, _ price: String) -> Offer {
        Offer(
            provider: "aws", region: "r", instanceType: "t", cpus: 1, memoryGiB: 1,
            pricePerHour: Money(price) ?? .zero, market: market)
    }

    /// Ten hours of work, a checkpoint every ten minutes, a machine ready within six.
    private func history(deadline: TimeSpan) throws -> History {
        let job = DeadlineJob(
            work: .seconds(36_000), deadline: deadline, changeover: .seconds(360), onDemandPrice: Money("3") ?? .zero,
            spotPrice: Money("1") ?? .zero)
        let terms = DeadlineTerms(
            job: job, spot: Self.offer(.spot, "1"), onDemand: Self.offer(.onDemand, "3"), checkpoint: .seconds(600),
            interval: .seconds(300), expectedCost: .zero, onDemandCost: .zero, expectedFinish: deadline,
            latestFinish: deadline)
        let stage = Stage(
            name: "one", deadline: deadline, checkpointInterval: .seconds(600), checkpointPath: "ckpt", run: "true")
        var launch = Launch.of([stage], zones: ["a"], market: .spot)
        launch.plan.stages[0].deadline = terms
        var history = try History(launch: launch)
        history.play(.lookedUp(stage: "one", reuse: nil))
        return history
    }

    private func market(_ history: History) -> Offer.Market? { history.state.stages[0].attempt?.planned.offer.market }

    @Test("begins on spot when there is time, and on demand when there is none")
    func begins() throws {
        #expect(market(try history(deadline: .seconds(72_000))) == .spot)
        #expect(market(try history(deadline: .seconds(36_400))) == .onDemand)
    }

    @Test("waits when spot is refused, asks again at the next look, and goes on demand in time")
    func waits() throws {
        var history = try history(deadline: .seconds(72_000))
        let start = history.now
        var spotTries = 0
        while market(history) == .spot {
            if history.state.stages[0].phase == .provisioning {
                spotTries += 1
                history.play(.provisionFailed(history.id("one"), ProviderError(.noCapacity, provider: "aws", "none")))
                history.play(.released(history.id("one")))
            }
            if case .pausing = history.state.stages[0].phase { history.ring(.phase, of: "one") }
        }
        #expect(spotTries > 10)
        #expect(market(history) == .onDemand)
        // Ten hours of work and one start still fit.
        #expect(history.now - start <= .seconds(72_000 - 36_000 - 360))
        #expect(history.state.stages[0].attempts.allSatisfy { $0.cost(until: history.now) == .zero })
    }

    @Test("asks for a machine on demand while spot still works, saves, and hands over without a gap")
    func handsOver() throws {
        var history = try history(deadline: .seconds(40_000))
        try #require(market(history) == .spot)
        history.play(.provisioned(history.id("one"), history.group("one")))
        history.play(.delivered(history.id("one"), []))
        let spot = history.id("one")
        var asked: [Effect.Work] = []
        for _ in 0..<100 where asked.isEmpty {
            asked = history.ring(.look, of: "one").filter { if case .provision = $0 { true } else { false } }
        }
        guard case .provision(let onDemand, let planned, _)? = asked.first else {
            throw SimulatedDriver.SimulationError.noLaunch
        }
        #expect(planned.offer.market == .onDemand && planned.pricePerHour == Money("3"))
        #expect(history.state.stages[0].phase == .running, "spot goes on")

        #expect(
            history.play(.provisioned(onDemand, history.group(onDemand))) == [
                .save(spot, history.group(spot), number: 1)
            ])
        #expect(
            history.play(.checkpointed(spot, .named("checkpoint", in: "aws"), number: 1)) == [
                .release(spot, token: spot.token, provider: "aws")
            ])
        let next = history.play(.released(spot))
        #expect(next.count == 1)
        guard case .deliver(onDemand, _, _, _, let checkpoint)? = next.first else {
            throw SimulatedDriver.SimulationError.noLaunch
        }
        #expect(checkpoint != nil)
        history.play(.delivered(onDemand, []))
        history.play(.jobEnded(onDemand, exitCode: 0))
        history.play(.collected(onDemand, []))
        history.play(.released(onDemand))
        #expect(history.state.status == .succeeded)
    }

    /// A stage that works on spot, and asks for a machine on demand beside it.
    private func asksBeside() throws -> (History, spot: AttemptID, beside: AttemptID) {
        var history = try history(deadline: .seconds(40_000))
        history.play(.provisioned(history.id("one"), history.group("one")))
        history.play(.delivered(history.id("one"), []))
        let spot = history.id("one")
        for _ in 0..<100 where history.state.stages[0].handover == nil { history.ring(.look, of: "one") }
        let index = try #require(history.state.stages[0].handover).index
        let beside = history.state.stages[0].attempts[index].id
        return (history, spot, beside)
    }

    @Test("a job that ends while another machine is being asked for gives that back too before the run ends")
    func endsDuringHandover() throws {
        let (begun, spot, beside) = try asksBeside()
        var history = begun
        history.play(.jobEnded(spot, exitCode: 0))
        history.play(.provisioned(beside, history.group(beside)))
        history.play(.collected(spot, []))
        #expect(history.play(.released(spot)) == [.release(beside, token: beside.token, provider: "aws")])
        #expect(history.state.endedAt == nil)
        history.play(.released(beside))
        #expect(history.state.status == .succeeded)
    }

    @Test("spot that is taken back while a machine on demand is there goes on with that")
    func lostDuringHandover() throws {
        let (begun, spot, beside) = try asksBeside()
        var history = begun
        history.play(.attemptFailed(spot, .nodesLost(message: "taken")))
        history.play(.provisioned(beside, history.group(beside)))
        history.play(.released(spot))
        #expect(history.state.stages[0].phase == .delivering)
        #expect(history.id("one") == beside)
    }

    @Test("machines on demand that are not to be had are what is left out, and not spot")
    func onDemandRefused() throws {
        var history = try history(deadline: .seconds(36_400))
        history.play(.provisionFailed(history.id("one"), ProviderError(.noCapacity, provider: "aws", "none")))
        history.play(.released(history.id("one")))
        #expect(history.state.stages[0].phase == .relocating)
        #expect(
            history.state.stages[0].excluded == [
                BlockedPlace(provider: "aws", region: "r", instanceType: "t", market: .onDemand)
            ])
    }
}
