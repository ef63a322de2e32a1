import SkyCore
import SkyTestSupport

@testable import SkyPlacement

/// A stage that a broker runs by `DeadlineSpotRun`: in real time, with machines that start when they like, spot that goes
/// between two looks, and work that is lost when it was not saved.
struct SteppedJob {
    /// How the broker and its machines behave.
    struct Manners {
        /// The work there really is; no more than the job says.
        var work: TimeSpan
        /// How much of the changeover a start takes: at most 1.
        var start: @Sendable (inout SeededGenerator) -> Double = { _ in 1 }
        /// When it asks again, as a part of the time that it is told; up to 2 it is forgiven.
        var patience: @Sendable (inout SeededGenerator) -> Double = { _ in 1 }
        /// Whether it is told at once that spot is gone, or finds out when it looks.
        var isTold = true
        /// Whether it can see from afar if there is spot; else it has to ask for it.
        var watches = false
        /// Whether the run is written down and read back before every look.
        var forgets = false
    }

    let plan: DeadlineSpotPlan
    let trace: SpotTrace
    let manners: Manners
    private(set) var looks: [(look: DeadlineSpotRun.Look, answer: DeadlineSpotRun.Answer)] = []
    private(set) var cost = Money.zero
    private(set) var now = TimeSpan.zero

    private var run = DeadlineSpotRun(startedAt: Self.start)
    private var random: SeededGenerator
    private var holding = SpotChoice.idle
    private var heldSince = TimeSpan.zero
    private var worksFrom = TimeSpan.zero
    private var saved = TimeSpan.zero
    private var unsaved = TimeSpan.zero

    private static let start = Instant(millisecondsSince1970: 1_000_000)

    init(_ plan: DeadlineSpotPlan, on trace: SpotTrace, _ manners: Manners, seed: UInt64) {
        self.plan = plan
        self.trace = trace
        self.manners = manners
        random = SeededGenerator(seed: seed)
    }

    /// Until the work is done; gives up long after the deadline.
    mutating func finish() {
        while saved + unsaved < manners.work, now < plan.job.deadline + plan.job.deadline + .hour { step() }
        pay()
    }

    private mutating func step() {
        var answer = look(!manners.watches ? .unknown : isSpot(at: now) ? .available : .refused)
        if answer.choice == .spot, holding != .spot {
            if isSpot(at: now) { hold(.spot) } else { answer = look(.refused) }
        }
        if answer.choice != holding, answer.choice != .spot { hold(answer.choice) }
        let room = answer.askAgainBy - (Self.start + now)
        let pause = max(room.scaled(by: manners.patience(&random)), TimeSpan(milliseconds: 1))
        pass(until: now + pause)
    }

    private mutating func look(_ spot: DeadlineSpotRun.Spot) -> DeadlineSpotRun.Answer {
        let look = DeadlineSpotRun.Look(
            now: Self.start + now, holding: holding,
            startingSince: holding != .idle && now < worksFrom ? Self.start + heldSince : nil, saved: saved,
            unsaved: unsaved, spot: spot)
        if manners.forgets {
            // Folded anew from everything that was seen.
            run = DeadlineSpotRun(startedAt: Self.start)
            for past in looks { run.record(past.look) }
        }
        let answer = run.answer(look, plan)
        looks.append((look, answer))
        return answer
    }

    private mutating func hold(_ choice: SpotChoice) {
        pay()
        (holding, heldSince, unsaved) = (choice, now, .zero)
        worksFrom = now + plan.job.changeover.scaled(by: manners.start(&random))
    }

    private mutating func pay() {
        let price: Money =
            switch holding {
            case .idle: .zero
            case .spot: plan.job.spotPrice
            case .onDemand: plan.job.onDemandPrice
            }
        cost += price.perHour(for: now - heldSince)
        heldSince = now
    }

    private mutating func pass(until end: TimeSpan) {
        var until = end
        let loss = holding == .spot ? nextLoss(before: end) : nil
        if let loss { until = loss }
        if holding != .idle, until > worksFrom {
            let from = max(now, worksFrom)
            let rest = manners.work - saved - unsaved
            unsaved = unsaved + min(until - from, rest)
            if until - from >= rest {
                now = from + rest
                return
            }
        }
        if let step = plan.checkpoint, holding != .idle {
            let whole =
                step > .zero ? unsaved.milliseconds / step.milliseconds * step.milliseconds : unsaved.milliseconds
            saved = saved + TimeSpan(milliseconds: whole)
            unsaved = unsaved - TimeSpan(milliseconds: whole)
        }
        now = until
        if loss != nil {
            pay()
            (holding, unsaved) = (.idle, .zero)
            if !manners.isTold { now = end }
            heldSince = now
        }
    }

    private func isSpot(at moment: TimeSpan) -> Bool {
        trace.isAvailable[min(Int(moment.milliseconds / trace.tick.milliseconds), trace.count - 1)]
    }

    private func nextLoss(before end: TimeSpan) -> TimeSpan? {
        var tick = now.milliseconds / trace.tick.milliseconds + 1
        while tick * trace.tick.milliseconds <= end.milliseconds {
            let moment = TimeSpan(milliseconds: tick * trace.tick.milliseconds)
            if !isSpot(at: moment) { return moment }
            tick += 1
        }
        return nil
    }
}
