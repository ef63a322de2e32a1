/// What finishing a job is expected to cost under one model of spot, for every amount of work left and every slack, and
/// what each choice that there is costs more than the other.
///
/// Slack is the time until the deadline less the work left and the delay still to be served. Machines keep it, waiting spends
/// it hour by hour, and each changeover spends the delay. Costs are in hours on demand.
final class CostOutlook: Sendable {
    /// The choices to be made. Below zero the first is cheaper.
    enum Question: Int, CaseIterable {
        /// Without spot and idle: to wait rather than to start on demand.
        case waitRatherThanStart
        /// Without spot and on demand: to wait rather than to stay.
        case waitRatherThanStay
        /// With spot and on demand: to go to spot rather than to stay.
        case switchRatherThanStay
    }

    let grid: SlackGrid
    /// By work, slack, question and age of the run.
    private let differences: [Float]

    static let stride = Question.allCases.count * AgeClass.count

    init(_ terms: OutlookTerms, grid: SlackGrid) {
        self.grid = grid
        var sweep = OutlookSweep<Float>(terms, grid)
        var differences = [Float](repeating: 0, count: grid.works.count * grid.slacks.count * Self.stride)
        differences.withUnsafeMutableBufferPointer { out in
            for level in 1..<grid.works.count {
                sweep.advance(
                    to: grid.works[level], into: .init(rebasing: out[(level * grid.slacks.count * Self.stride)...]))
            }
        }
        self.differences = differences
    }

    func difference(_ question: Question, age: Int, _ work: SlackGrid.Place, _ slack: SlackGrid.Place) -> Float {
        let row = grid.slacks.count * Self.stride
        let at = work.index * row + slack.index * Self.stride + question.rawValue * AgeClass.count + age
        func blend(_ a: Float, _ b: Float, _ part: Float) -> Float { a + part * (b - a) }
        let less = blend(differences[at], differences[at + Self.stride], slack.part)
        let more = blend(differences[at + row], differences[at + row + Self.stride], slack.part)
        return blend(less, more, work.part)
    }
}

/// What an outlook is worked out for. Hours, and prices in units of the price on demand.
struct OutlookTerms: Sendable {
    let delay: Float
    let spotPrice: Float
    /// Runs with spot, and without.
    let up: [AgeRates]
    let down: [AgeRates]
    /// For each age class, whether spot outlives a start's delay, and whether it is in the next class then.
    let survival: [Float]
    let ageing: [Float]

    /// Of one age class, per hour.
    struct AgeRates: Sendable {
        let end: Float
        let growth: Float

        init(_ rates: (end: Double, growth: Double)) {
            end = Float(rates.end)
            growth = Float(rates.growth)
        }
    }

    init(_ model: SpotModel, delay: Double, tick: Double, spotPrice: Double) {
        self.delay = Float(delay)
        self.spotPrice = Float(spotPrice)
        let classes = 0..<AgeClass.count
        up = classes.map { AgeRates(AgeClass.rates(of: $0, model.up)) }
        down = classes.map { AgeRates(AgeClass.rates(of: $0, model.down)) }
        // Spot that is there at a tick stays to its end: only whole ticks of the delay are at risk.
        let risk = (delay / tick).rounded(.down) * tick
        survival = classes.map { Float(model.up.survival(of: risk, at: AgeClass.typicalAge(of: $0))) }
        ageing = classes.map { index in
            let growth = AgeClass.rates(of: index, model.up).growth
            return growth > 0 ? Float(1 - RunLengths.memoryless(mean: 1 / growth).survival(delay)) : 0
        }
    }
}
