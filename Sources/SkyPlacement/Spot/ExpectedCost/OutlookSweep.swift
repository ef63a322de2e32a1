/// Works out expected costs level by level of work left, from none upwards, and within a level from no slack upwards:
/// everything a cell needs but its own values is there by then, and those are found by a few rounds.
///
/// Each hazard competes with the step of work, or of slack, at rate 1 ÷ step (an implicit scheme): no step is too long.
///
/// What is worked out is a `Figure`: the cost alone, or all that is expected. Choices are made by cost.
struct OutlookSweep<Figure: OutlookFigure> {
    private static var rounds: Int { 3 }
    private static var ages: Int { AgeClass.count }
    private static var width: Int { OutlookState.allCases.count * ages }
    private typealias State = OutlookState

    private let terms: OutlookTerms
    private let slacks: [Float]
    /// Where each slack less a changeover's delay lies.
    private let afterStart: [SlackGrid.Place]
    /// Where it lies when the start failed, on average half-way.
    private let afterFailure: [SlackGrid.Place]
    private let step: Float
    /// By slack, state and age.
    private var costs: [Figure]
    /// The storage for the next level; what it holds means nothing.
    private var spare: [Figure]

    init(_ terms: OutlookTerms, _ grid: SlackGrid) {
        self.terms = terms
        slacks = grid.slacks
        afterStart = grid.slacks.map { grid.place(ofSlack: $0 - terms.delay) }
        afterFailure = grid.slacks.map { grid.place(ofSlack: $0 - terms.delay / 2) }
        step = grid.workStep
        costs = [Figure](repeating: .waiting(0), count: grid.slacks.count * Self.width)
        spare = costs
    }

    /// At the most work and slack: idle without spot, and with spot.
    var outcome: (withoutSpot: Figure, withSpot: Figure) {
        let cell = (slacks.count - 1) * Self.width
        let last = slacks.count - 1
        let start = costs.withUnsafeBufferPointer { costs in
            slacks[last] >= 2 * terms.delay
                ? spotStart(0, last, costs) : Figure.onDemand(terms.delay) + lower(.onDemandBesideSpot, 0, last, costs)
        }
        return (costs[cell], start)
    }

    /// One level of work further; the differences of its cells go to `out`.
    mutating func advance(to work: Float, into out: UnsafeMutableBufferPointer<Float>) {
        var next: [Figure] = []
        swap(&next, &spare)
        costs.withUnsafeBufferPointer { costs in
            next.withUnsafeMutableBufferPointer { next in
                for slack in slacks.indices { fill(work, slack, next, costs, out) }
            }
        }
        spare = costs
        costs = next
    }
}

extension OutlookSweep {
    private typealias Costs = UnsafeMutableBufferPointer<Figure>
    private typealias Known = UnsafeBufferPointer<Figure>
    private typealias Differences = UnsafeMutableBufferPointer<Float>

    private func fill(
        _ work: Float, _ slack: Int, _ costs: Costs, _ previous: Known, _ out: Differences
    ) {
        let cell = slack * Self.width
        let delay = terms.delay
        guard slack > 0 else {
            // Only a machine on demand that runs already is in time.
            for age in 0..<Self.ages {
                costs[cell + age] = Figure.onDemand(work + delay)
                costs[cell + Self.ages + age] = .onDemand(work)
                costs[cell + 2 * Self.ages + age] = Figure.onDemand(work + delay)
                costs[cell + 3 * Self.ages + age] = .onDemand(work)
                note(out, slack, age, 0, delay, delay * (1 + terms.spotPrice))
            }
            return
        }
        // The neighbour with less slack is a good first guess.
        for index in 0..<Self.width { costs[cell + index] = costs[cell - Self.width + index] }
        for _ in 0..<Self.rounds {
            for age in stride(from: Self.ages - 1, through: 0, by: -1) {
                let older = min(age + 1, Self.ages - 1)
                fillUp(work, slack, age, older, costs, previous, out)
                fillDown(work, slack, age, older, costs, previous, out)
            }
        }
    }

    private func fillUp(
        _ work: Float, _ slack: Int, _ age: Int, _ older: Int, _ costs: Costs, _ previous: Known,
        _ out: Differences
    ) {
        let (left, delay, cell) = (slacks[slack], terms.delay, slack * Self.width)
        let (hazard, growth) = (terms.up[age].end * step, terms.up[age].growth * step)
        let start: Figure =
            left >= 1.999 * delay
            ? spotStart(age, slack, .init(costs))
            : Figure.onDemand(work + delay) + Figure.spot(delay, terms.spotPrice)
        let beside = cell + State.onDemandBesideSpot.rawValue * Self.ages
        let stay =
            (Figure.onDemand(step) + previous[beside + age] + hazard * costs[cell + State.onDemand.rawValue * Self.ages]
                + growth * costs[beside + older]) / (1 + hazard + growth)
        costs[beside + age] = Figure.cheaper(stay, start)
        let spot = cell + State.spot.rawValue * Self.ages
        costs[spot + age] =
            left < 0.999 * delay
            ? Figure.onDemand(work + delay)
            : (Figure.spot(step, terms.spotPrice) + previous[spot + age] + hazard * costs[cell].interrupted
                + growth * costs[spot + older]) / (1 + hazard + growth)
        out[outIndex(slack, .switchRatherThanStay) + age] = start.cost - stay.cost
    }

    private func fillDown(
        _ work: Float, _ slack: Int, _ age: Int, _ older: Int, _ costs: Costs, _ previous: Known,
        _ out: Differences
    ) {
        let (left, delay, cell) = (slacks[slack], terms.delay, slack * Self.width)
        let onDemand = cell + State.onDemand.rawValue * Self.ages
        let (ends, grows) = (terms.down[age].end * step, terms.down[age].growth * step)
        let stay =
            (Figure.onDemand(step) + previous[onDemand + age] + ends
                * costs[cell + State.onDemandBesideSpot.rawValue * Self.ages]
                + grows * costs[onDemand + older]) / (1 + ends + grows)
        guard left > 1.001 * delay else {
            // No time to wait. With less than a delay left a start is late, which is never chosen, only priced.
            let start = Figure.onDemand(work + delay + max(delay - left, 0))
            costs[cell + age] = start
            costs[onDemand + age] = stay
            note(out, slack, age, 0, start.cost - stay.cost, nil)
            return
        }
        let start = Figure.onDemand(delay) + lower(.onDemand, age, slack, .init(costs))
        let pause = left - slacks[slack - 1]
        let arrival =
            left >= 1.999 * delay
            ? spotStart(0, slack, .init(costs))
            : Figure.onDemand(delay) + lower(.onDemandBesideSpot, 0, slack, .init(costs))
        let (comes, grown) = (terms.down[age].end * pause, terms.down[age].growth * pause)
        let wait =
            (Figure.waiting(pause) + costs[cell - Self.width + age] + comes * arrival + grown * costs[cell + older])
            / (1 + comes + grown)
        costs[cell + age] = Figure.cheaper(wait, start)
        costs[onDemand + age] = Figure.cheaper(stay, wait)
        note(out, slack, age, wait.cost - start.cost, wait.cost - stay.cost, nil)
    }

    /// Going to spot: its delay is paid for, and it may go before any work is done.
    private func spotStart(_ age: Int, _ slack: Int, _ costs: Known) -> Figure {
        let after = afterStart[slack]
        let young = cost(.spot, age, after, costs)
        let old = cost(.spot, min(age + 1, Self.ages - 1), after, costs)
        let lives = terms.survival[age]
        let lived = Figure.spot(terms.delay, terms.spotPrice) + young + terms.ageing[age] * (old - young)
        let lost =
            Figure.spot(terms.delay / 2, terms.spotPrice) + cost(.waiting, 0, afterFailure[slack], costs).interrupted
        return lives * lived + (1 - lives) * lost
    }

    /// A cost with one changeover's delay less slack.
    private func lower(_ state: State, _ age: Int, _ slack: Int, _ costs: Known) -> Figure {
        cost(state, age, afterStart[slack], costs)
    }

    private func cost(
        _ state: State, _ age: Int, _ place: SlackGrid.Place, _ costs: Known
    ) -> Figure {
        let at = place.index * Self.width + state.rawValue * Self.ages + age
        return blend(costs[at], costs[at + Self.width], place.part)
    }

    private func blend(_ a: Figure, _ b: Figure, _ part: Float) -> Figure { a + part * (b - a) }

    private func outIndex(_ slack: Int, _ question: CostOutlook.Question) -> Int {
        (slack * CostOutlook.Question.allCases.count + question.rawValue) * Self.ages
    }

    private func note(
        _ out: Differences, _ slack: Int, _ age: Int, _ start: Float, _ stay: Float, _ change: Float?
    ) {
        out[outIndex(slack, .waitRatherThanStart) + age] = start
        out[outIndex(slack, .waitRatherThanStay) + age] = stay
        if let change { out[outIndex(slack, .switchRatherThanStay) + age] = change }
    }
}

/// In what state a job may be; for each, a figure by age of the run.
private enum OutlookState: Int, CaseIterable {
    /// No spot, idle.
    case waiting
    /// No spot, on demand.
    case onDemand
    /// On spot.
    case spot
    /// On demand, with spot to be had.
    case onDemandBesideSpot
}
