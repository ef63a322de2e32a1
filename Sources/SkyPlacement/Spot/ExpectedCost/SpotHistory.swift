import Glibc
public import SkyCore

/// What was seen of spot in one place, as far as it matters: how well each guess explains the runs that have ended, the recent
/// ones more, and how long the present one has lasted.
public struct SpotHistory: Hashable, Sendable, Codable {
    /// For each scale, the log-likelihood of the runs.
    private var up = [Double](repeating: 0, count: SpotModel.scales.count)
    private var down = [Double](repeating: 0, count: SpotModel.scales.count)
    private var isAvailable: Bool?
    /// How long the present run has been seen to last, in hours; its last observation counted from its beginning.
    private(set) var age = 0.0
    /// Hours for which the latest observation stands.
    private var latest = 0.0

    public init() {}

    /// Hours after which an observation counts half.
    private static let halfLife = 48.0
    /// Observations count this much less than they would if runs were independent, which they are not.
    private static let trust = 0.5

    /// Spot was, or was not, available at a moment and is taken to stay so for `span`, until the next observation.
    public mutating func observe(_ isAvailable: Bool, for span: TimeSpan) { observe(isAvailable, for: span.hours) }

    mutating func observe(_ isAvailable: Bool, for hours: Double) {
        let fading = exp2(-hours / Self.halfLife)
        for index in SpotModel.scales.indices {
            up[index] *= fading
            down[index] *= fading
        }
        if let before = self.isAvailable, before != isAvailable {
            end(before)
            age = 0
        } else {
            age += latest
        }
        latest = hours
        self.isAvailable = isAvailable
    }

    /// A run has ended, somewhere within the time for which its last observation stands.
    private mutating func end(_ wasAvailable: Bool) {
        for (index, scale) in SpotModel.scales.enumerated() {
            let lengths = wasAvailable ? SpotModel.up(scale: scale) : SpotModel.down(scale: scale)
            let likelihood = log(max(lengths.survival(age) - lengths.survival(age + latest), 1e-300))
            if wasAvailable { up[index] += likelihood } else { down[index] += likelihood }
        }
    }

    /// What if there is spot now, though nobody looked for `hours`? The run is then as old as such runs are on average when they are
    /// come upon, and no older than that time.
    func supposingSpot(unseenFor hours: Double) -> SpotHistory {
        var supposed = self
        supposed.observe(true, for: 0)
        guard isAvailable != true else { return supposed }
        let weights = Self.weights(supposed.up, nil, SpotModel.up)
        var (sum, ages) = (0.0, 0.0)
        let steps = 16
        for step in 0..<steps {
            let age = (Double(step) + 0.5) * hours / Double(steps)
            for (weight, scale) in zip(weights, SpotModel.scales) {
                let lasts = Double(weight) * SpotModel.up(scale: scale).survival(age)
                sum += lasts
                ages += lasts * age
            }
        }
        supposed.age = sum > 0 ? ages / sum : 0
        return supposed
    }

    /// How probable each scale is for runs with spot; those without.
    func weights() -> (up: [Float], down: [Float]) {
        (
            Self.weights(up, isAvailable == true ? age : nil, SpotModel.up),
            Self.weights(down, isAvailable == false ? age : nil, SpotModel.down)
        )
    }

    private static func weights(
        _ evidence: [Double], _ age: Double?, _ lengths: (Double) -> RunLengths
    ) -> [Float] {
        var weights = zip(evidence, SpotModel.scales).map { evidence, scale in
            evidence * trust - (age.map { lengths(scale).cumulativeHazard($0) } ?? 0)
        }
        let most = weights.max() ?? 0
        for index in weights.indices { weights[index] = exp(weights[index] - most) }
        let sum = weights.reduce(0, +)
        return weights.map { Float($0 / sum) }
    }
}
