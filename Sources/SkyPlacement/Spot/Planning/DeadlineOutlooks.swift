import SkyCore
import Synchronization

/// What jobs with a deadline on spot come to, worked out when first asked for and kept: hundreds of offers differ in price
/// alone.
///
/// How the cost depends on the price of spot is known by a few prices: between two of them it is a cubic, since its slope is
/// known too. The cheapest policy's cost changes with the price by the hours that it spends on spot. The rest is taken to change
/// evenly, which it does where spot is cheap; where it hardly pays, jobs soon give it up, and only the cost is near.
public final class DeadlineOutlooks: Sendable {
    /// A job but for its prices. Hours.
    struct Shape: Hashable {
        let model: SpotModel
        let work: Double
        let slack: Double
        let delay: Double
        /// Work between two checkpoints; infinite when nothing is saved.
        let checkpoint: Double
    }

    /// Prices of spot, in units of the price on demand.
    private static let prices: [Double] = [0, 0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.88, highestPrice]
    /// Spot that costs more is not worth looking for.
    static let highestPrice = 0.95

    private let resolution: OutlookShelf.Resolution
    private let known = Mutex<[Shape: [Int: Expectations]]>([:])

    public convenience init() { self.init(.planning) }

    init(_ resolution: OutlookShelf.Resolution) { self.resolution = resolution }

    /// - Parameter price: of spot, in units of the price on demand; at most `highestPrice`.
    func expectations(of shape: Shape, price: Double) -> Expectations {
        let prices = Self.prices
        let upper = prices.indices.dropFirst().first { prices[$0] >= price } ?? prices.count - 1
        let (low, high) = (known(shape, upper - 1), known(shape, upper))
        let width = prices[upper] - prices[upper - 1]
        let part = Float((price - prices[upper - 1]) / width)
        var between = low + part * (high - low)
        between.cost = Self.cubic(low, high, Float(width), part)
        return between
    }

    private static func cubic(_ low: Expectations, _ high: Expectations, _ width: Float, _ x: Float) -> Float {
        let (slope, rest) = (high.cost - low.cost, 1 - x)
        let (a, b) = (low.onSpot * width - slope, slope - high.onSpot * width)
        return low.cost + x * slope + x * rest * (a * rest + b * x)
    }

    private func known(_ shape: Shape, _ index: Int) -> Expectations {
        if let figures = known.withLock({ $0[shape]?[index] }) { return figures }
        let figures = Self.workOut(shape, price: Self.prices[index], resolution)
        known.withLock { $0[shape, default: [:]][index] = figures }
        return figures
    }

    static func workOut(_ shape: Shape, price: Double, _ resolution: OutlookShelf.Resolution) -> Expectations {
        if shape.checkpoint >= shape.work { return AllOrNothing(shape, price: price).withSpot }
        // An interruption loses half of what is saved at a time: that has to be done again at the next start, as if each but
        // the first took so much longer.
        let lost = shape.checkpoint / 2
        let resolution = shape.isCalm ? resolution.coarse : resolution
        let terms = OutlookTerms(shape.model, delay: shape.delay + lost, tick: 1.0 / 60, spotPrice: price)
        let grid = SlackGrid(
            work: shape.work, workCount: resolution.works, slack: shape.slack + lost, slackCount: resolution.slacks,
            finest: max(shape.delay + lost, 0.01) / 2)
        return expectations(terms, grid) - .spot(Float(lost), Float(price))
    }

    private static func expectations(_ terms: OutlookTerms, _ grid: SlackGrid) -> Expectations {
        var sweep = OutlookSweep<Expectations>(terms, grid)
        var differences = [Float](repeating: 0, count: grid.slacks.count * CostOutlook.stride)
        differences.withUnsafeMutableBufferPointer { differences in
            for level in 1..<grid.works.count { sweep.advance(to: grid.works[level], into: differences) }
        }
        return sweep.outcome.withSpot
    }
}

extension DeadlineOutlooks.Shape {
    /// Spot is hardly lost while the job works: no fine steps are needed to see that.
    var isCalm: Bool { model.up.survival(of: work + delay, at: 0) > 0.5 }
}

extension OutlookShelf.Resolution {
    /// Dozens of them may be needed for a plan: 2 ms each.
    static let planning = Self(works: 16, slacks: 96)
    /// For one job.
    static let exact = Self(works: 48, slacks: 128)

    var coarse: Self { Self(works: max(works / 2, 4), slacks: max(slacks / 4, 8)) }
}
