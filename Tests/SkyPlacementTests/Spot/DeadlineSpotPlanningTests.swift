import SkyCore
import SkyTestSupport
import Testing

@testable import SkyPlacement

@Suite("Deadlines on spot in the planner and in the broker")
struct DeadlineSpotPlanningTests {
    /// Less exact, and quick in debug builds.
    private func estimate(_ job: DeadlineJob, _ model: SpotModel) -> DeadlineSpotEstimate {
        DeadlineSpotEstimate(job, model) { DeadlineOutlooks.workOut($0, price: $1, .init(works: 12, slacks: 16)) }
    }

    private let calm = SpotModel(up: .memoryless(mean: 10_000), down: SpotModel.typical.down)

    @Test("spot that is hardly ever taken away costs its own price")
    func calmMarket() {
        let job = DeadlineJob.minutes(600, by: 900, start: 6)
        let estimate = estimate(job, calm)
        let spot = job.spotPrice.perHour(for: job.work + job.changeover)
        #expect(estimate.expectedCost >= spot)
        #expect(estimate.expectedCost < spot.scaled(by: 102, over: 100))
        #expect(estimate.latestFinish == job.deadline)
        #expect(estimate.keepsDeadline)
    }

    @Test("the more often it is taken away, the dearer, and hardly ever dearer than on demand")
    func interruptions() {
        let job = DeadlineJob.minutes(2880, by: 3600, start: 12)
        let costs = [20.0, 5, 1, 0.3].map { mean in
            estimate(job, SpotModel(up: .memoryless(mean: mean), down: SpotModel.typical.down)).expectedCost
        }
        #expect(costs == costs.sorted())
        let onDemand = estimate(job, calm).onDemandCost
        #expect(costs.allSatisfy { $0 < onDemand.scaled(by: 103, over: 100) })
        #expect(SpotModel(interruptionsPerMonth: nil) == .typical)
        #expect(
            SpotModel(interruptionsPerMonth: 0.2, nodes: 4).up.horizon
                < SpotModel(interruptionsPerMonth: 0.05, nodes: 1).up.horizon)
    }

    @Test("a deadline that nothing can keep is said to be missed, by so much")
    func impossible() {
        let estimate = DeadlineSpotEstimate(.minutes(600, by: 600, start: 12))
        #expect(!estimate.keepsDeadline)
        #expect(estimate.latestFinish == .seconds(612 * 60))
        #expect(estimate.expectedCost == estimate.onDemandCost)
    }

    /// A job in real time: looks come late, spot goes between them, and what is not saved is lost.
    @Test("a job that follows its plan is in time, however spot behaves between two looks", arguments: 0..<12)
    func inTime(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let start = Double.random(in: 60...1500, using: &random)
        let work = Double.random(in: 10_000...30_000, using: &random)
        let interval = 300.0
        let deadline = work + start + interval + Double.random(in: 0...9000, using: &random)
        let checkpoint = Double.random(in: 300...4000, using: &random)
        let job = DeadlineJob(
            work: TimeSpan(milliseconds: Int64(work * 1000)), deadline: TimeSpan(milliseconds: Int64(deadline * 1000)),
            changeover: TimeSpan(milliseconds: Int64(start * 1000)), onDemandPrice: Money(nanodollars: 3_000_000_000),
            spotPrice: Money(nanodollars: 1_000_000_000))
        let plan = DeadlineSpotPlan(
            job: job, interval: TimeSpan(milliseconds: Int64(interval * 1000)),
            wish: DeadlineSpotPlan.expectedCost(.quick))
        func span(_ seconds: Double) -> TimeSpan { TimeSpan(milliseconds: Int64(seconds * 1000)) }
        var history = SpotHistory()
        var (now, saved, unsaved, pending, isUp) = (0.0, 0.0, 0.0, 0.0, true)
        var holding = SpotChoice.idle
        while saved + unsaved < work - 0.01 {
            let pause = Double.random(in: 60...interval, using: &random)
            history.observe(isUp, for: span(pause))
            let choice = plan.decide(
                saved: span(saved), unsaved: span(unsaved), elapsed: span(now), holding: holding,
                pendingDelay: span(pending), spotAvailable: isUp, history: history)
            #expect(choice != .spot || isUp)
            if choice != holding {
                // Spot is left as it is lost: without saving.
                if holding == .spot { unsaved = 0 }
                pending = choice == .idle ? 0 : start
            }
            holding = choice
            if choice != .idle {
                let done = max(pause - pending, 0)
                pending = max(pending - pause, 0)
                unsaved += done
                if unsaved >= checkpoint || choice == .onDemand { (saved, unsaved) = (saved + unsaved, 0) }
            }
            now += pause
            if Double.random(in: 0..<1, using: &random) < 0.2 { isUp.toggle() }
            if !isUp, holding == .spot { (holding, unsaved) = (.idle, 0) }
        }
        #expect(now - 300 <= deadline)
    }

    @Test("the same question has the same answer")
    func pure() {
        let plan = DeadlineSpotPlan(
            job: .minutes(300, by: 500, start: 5), interval: .seconds(60), wish: DeadlineSpotPlan.expectedCost(.quick))
        var history = SpotHistory()
        history.observe(false, for: .seconds(60))
        func ask() -> SpotChoice {
            plan.decide(
                saved: .seconds(600), elapsed: .seconds(3600), holding: .idle, spotAvailable: false, history: history)
        }
        #expect(ask() == ask())
        #expect(plan.canKeepDeadline)
        #expect(
            plan.decide(
                saved: .seconds(600), elapsed: .seconds(3600), holding: .idle, spotAvailable: true, history: history)
                == .spot)
    }
}
