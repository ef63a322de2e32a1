import Glibc
import SkyCore

/// Spot machines that are taken away, as a Poisson process: interruptions come independently of each other at a
/// steady rate, and a gang stops when any of its nodes is taken.
struct InterruptionModel: Sendable {
    /// What is assumed of spot machines that nobody measured: the middle of the third of the five bands in which the
    /// AWS Spot Instance Advisor publishes monthly frequencies (10 to 15 %).
    static let assumedPerMonth = 0.125
    private static let hoursPerMonth = 730.0

    /// Of the whole gang, per hour.
    let rate: Double

    /// - Parameter perMonth: the share of such machines that is taken away within a month.
    init(perMonth: Double, nodes: Int) {
        let share = min(max(perMonth, 0), 0.999)
        rate = -log(1 - share) / Self.hoursPerMonth * Double(nodes)
    }

    /// The expected time to get `work` done when each interruption costs `restart`, and all work since the last
    /// checkpoint. Without one, all of it: then (1/λ + R)(e^(λW) − 1), and with checkpoints every C that for each C.
    ///
    /// Source: Ross, Introduction to Probability Models, on waiting for an uninterrupted stretch; Daly, "A higher order
    /// estimate of the optimum checkpoint interval", 2006, equation 13 without the cost of writing.
    func expectedTime(work: TimeSpan, restart: TimeSpan, checkpoint: TimeSpan?) -> TimeSpan {
        guard rate > 0, work > .zero else { return work }
        let stretch = min(checkpoint.map { max($0, .seconds(1)) } ?? work, work)
        let stretches = work.hours / stretch.hours
        let hours = stretches * (1 / rate + restart.hours) * expMinusOne(rate * stretch.hours)
        return max(work, TimeSpan.hour.scaled(by: hours))
    }

    /// How often it happens within `span` on average.
    func expectedCount(during span: TimeSpan) -> Double { rate * span.hours }

    /// The number that is exceeded in one of twenty cases.
    func highCount(during span: TimeSpan) -> Int {
        let mean = expectedCount(during: span)
        guard mean > 0 else { return 0 }
        // Far from zero a Poisson distribution is a normal one.
        guard mean < 500 else { return Int(min(mean + 1.645 * mean.squareRoot(), 1e9).rounded(.up)) }
        var (count, term) = (0, exp(-mean))
        var sum = term
        while sum < 0.95, count < 10_000 {
            count += 1
            term *= mean / Double(count)
            sum += term
        }
        return count
    }

    /// e^x − 1, exact where x is small.
    private func expMinusOne(_ x: Double) -> Double { x < 1e-5 ? x + x * x / 2 : exp(x) - 1 }
}
