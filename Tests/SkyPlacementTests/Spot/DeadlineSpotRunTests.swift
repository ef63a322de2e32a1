import SkyCore
import SkyTestSupport
import Testing

@testable import SkyPlacement

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("A stage with a deadline on spot, look by look")
struct DeadlineSpotRunTests {
    private static let quick = DeadlineSpotPlan.expectedCost(.quick)
    private static let uniformProgress: DeadlineSpotPlan.Wish = { moment, setting, _ in
        var memory: Void = ()
        return UniformProgressPolicy().decide(moment, setting, memory: &memory)
    }

    private func trace(_ seed: Int, minutes: Int64 = 5) -> SpotTrace {
        .random(.typical, ticks: 600, minutes: minutes, seed: UInt64(seed))
    }

    @Test("it is in time, whatever spot, the starts, the broker and the checkpoints do", arguments: 0..<40)
    func inTime(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let work = Int64.random(in: 30...300, using: &random)
        let start = Int64.random(in: 0...20, using: &random)
        let interval = TimeSpan.seconds(Int64.random(in: 20...400, using: &random))
        let deadline = work + start + Int64.random(in: 0...300, using: &random)
        let job = DeadlineJob.minutes(work, by: deadline, start: start)
        let checkpoint: TimeSpan? = random.pick([nil, .zero, .seconds(300), .seconds(1800), .seconds(7200)])
        let wishes: [DeadlineSpotPlan.Wish] = [
            Self.quick, Self.uniformProgress, { moment, _, _ in moment.isSpotAvailable ? .spot : .idle },
        ]
        var manners = SteppedJob.Manners(work: job.work.scaled(by: random.pick([1, 1, 0.6])))
        manners.isTold = random.chance(50)
        manners.watches = random.chance(30)
        if random.chance(50) { manners.start = { Double.random(in: 0...1, using: &$0) } }
        let patience: ClosedRange<Double> = random.pick([0...1, 1...1, 0...2, 2...2])
        manners.patience = { Double.random(in: patience, using: &$0) }
        for (number, wish) in wishes.enumerated() {
            let plan = DeadlineSpotPlan(job: job, interval: interval, checkpoint: checkpoint, wish: wish)
            var stepped = SteppedJob(plan, on: trace(seed, minutes: 2), manners, seed: UInt64(seed))
            stepped.finish()
            #expect(stepped.now <= job.deadline, "wish \(number): \(stepped.now) of \(job.deadline)")
            for (look, answer) in stepped.looks {
                #expect(answer.askAgainBy > look.now && answer.askAgainBy <= look.now + plan.interval)
                #expect(!(look.spot == .refused && look.holding != .spot && answer.choice == .spot))
            }
        }
    }

    @Test("told of everything at the last moment that it allows, and taken away as soon as it works, it is in time")
    func adversary() {
        for start in [Int64(0), 3, 11] {
            for minutes in Int64(1)...12 {
                let job = DeadlineJob.minutes(120, by: 200, start: start)
                let plan = DeadlineSpotPlan(
                    job: job, interval: .seconds(120), checkpoint: .seconds(600), wish: Self.quick)
                // There for so many minutes, then away for one.
                let pattern = String(repeating: String(repeating: "1", count: Int(minutes)) + "0", count: 400)
                let manners = SteppedJob.Manners(work: job.work, patience: { _ in 2 }, isTold: false)
                var stepped = SteppedJob(plan, on: SpotTrace(pattern, minutes: 1), manners, seed: 1)
                stepped.finish()
                #expect(stepped.now <= job.deadline)
            }
        }
    }

    @Test("folded anew from what was seen before each look, it says the same", arguments: 0..<6)
    func restart(seed: Int) throws {
        let job = DeadlineJob.minutes(200, by: 360, start: 4)
        let plan = DeadlineSpotPlan(job: job, interval: .seconds(240), checkpoint: .seconds(900), wish: Self.quick)
        var manners = SteppedJob.Manners(work: job.work)
        var steady = SteppedJob(plan, on: trace(seed), manners, seed: 5)
        steady.finish()
        manners.forgets = true
        var forgetful = SteppedJob(plan, on: trace(seed), manners, seed: 5)
        forgetful.finish()
        #expect(steady.looks.map(\.answer) == forgetful.looks.map(\.answer))
        #expect(steady.cost == forgetful.cost && steady.now == forgetful.now)

        var run = DeadlineSpotRun(startedAt: Instant(millisecondsSince1970: 1_000_000))
        for (look, answer) in steady.looks {
            let kept = try JSONDecoder().decode(DeadlineSpotRun.self, from: JSONEncoder().encode(run))
            run = kept
            #expect(run.answer(look, plan) == answer)
            #expect(run.answer(to: look, plan) == answer, "asking changes nothing")
        }
    }

    @Test("it costs less on the mean than uniform progress stepped in the same way")
    func cheaper() {
        let job = DeadlineJob.minutes(600, by: 840, start: 12)
        var costs = [Money.zero, .zero]
        for seed in 0..<16 {
            for (number, wish) in [Self.quick, Self.uniformProgress].enumerated() {
                let plan = DeadlineSpotPlan(job: job, interval: .seconds(600), wish: wish)
                var stepped = SteppedJob(plan, on: trace(seed, minutes: 10), .init(work: job.work), seed: 1)
                stepped.finish()
                #expect(stepped.now <= job.deadline)
                costs[number] += stepped.cost
            }
        }
        #expect(costs[0] <= costs[1], "\(costs)")
    }

    @Test(
        "the longer nobody has looked while on demand, the older a run of spot is supposed to be, and asking pays again"
    )
    func asksAgain() {
        var history = SpotHistory()
        history.observe(true, for: .seconds(600))
        history.observe(false, for: .seconds(600))
        let ages = [0.0, 0.5, 2, 8].map { history.supposingSpot(unseenFor: $0).age }
        #expect(ages[0] == 0 && ages == ages.sorted() && ages[3] > 1 && ages[3] < 4)
        history.observe(true, for: .seconds(600))
        #expect(
            history.supposingSpot(unseenFor: 8).age == 1.0 / 6, "what was there when last seen is still the same run")
    }

    @Test("when spot is unknown it is asked for where it would be worth having, and only there")
    func unknown() {
        let job = DeadlineJob.minutes(60, by: 240, start: 1)
        let plan = DeadlineSpotPlan(job: job, interval: .seconds(60), wish: Self.quick)
        var run = DeadlineSpotRun(startedAt: Instant(millisecondsSince1970: 0))
        func look(_ minute: Int64, _ holding: SpotChoice, _ spot: DeadlineSpotRun.Spot = .unknown)
            -> DeadlineSpotRun.Look
        {
            .init(now: Instant(millisecondsSince1970: minute * 60_000), holding: holding, saved: .zero, spot: spot)
        }
        #expect(run.answer(look(0, .idle), plan).choice == .spot)
        let refused = run.answer(look(0, .idle, .refused), plan)
        #expect(refused.choice == .idle && !refused.isForced)
        #expect(refused.onDemandBy == Instant(millisecondsSince1970: 179 * 60_000))
        let last = run.answer(look(178, .idle), plan)
        #expect(last.choice == .spot || last.choice == .onDemand)
        let forced = run.answer(look(179, .idle), plan)
        #expect(forced.choice == .onDemand && forced.isForced)
    }

    @Test("a stage that saves nothing tries spot only while a failure at the very end would still be in time")
    func allOrNothing() {
        let job = DeadlineJob.minutes(60, by: 130, start: 2)
        let plan = DeadlineSpotPlan(job: job, interval: .seconds(60), checkpoint: nil, wish: Self.quick)
        func choice(_ minute: Int64, _ holding: SpotChoice) -> SpotChoice {
            var run = DeadlineSpotRun(startedAt: Instant(millisecondsSince1970: 0))
            let now = Instant(millisecondsSince1970: minute * 60_000)
            return run.answer(.init(now: now, holding: holding, saved: .zero, spot: .available), plan).choice
        }
        #expect(choice(0, .idle) == .spot && choice(5, .idle) == .spot)
        #expect(choice(6, .idle) == .onDemand, "62 minutes of trying, a minute between looks, and 62 on demand")
        #expect(choice(60, .spot) == .spot && choice(68, .spot) == .onDemand)
    }

    @Test("work that takes longer than anybody thought goes on where it is, and waits for nothing")
    func overdue() {
        let plan = DeadlineSpotPlan(job: .minutes(60, by: 240, start: 1), interval: .seconds(60), wish: Self.quick)
        func choice(_ holding: SpotChoice) -> SpotChoice {
            plan.decide(
                saved: .seconds(4000), elapsed: .seconds(5000), holding: holding, spotAvailable: false,
                history: SpotHistory())
        }
        #expect(choice(.idle) == .onDemand && choice(.onDemand) == .onDemand)
        #expect(choice(.spot) == .spot)
    }
}
