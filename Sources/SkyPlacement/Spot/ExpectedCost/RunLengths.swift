import Glibc

/// How long spot stays, or stays away: a heavy-tailed law of run lengths, in hours.
///
/// Survival S(x) = (1 + x / (shape · scale))^(−shape) · e^(−x / horizon): a Lomax law whose longest runs are cut off
/// softly. The longer a run has lasted, the longer it will probably last still; that is what the published traces show, and what
/// a Markov chain of two states cannot say.
public struct RunLengths: Hashable, Sendable, Codable {
    public let shape: Double
    /// Hours; about the length of a short run.
    public let scale: Double
    /// Hours; runs much longer than this are rare.
    public let horizon: Double

    public init(shape: Double, scale: Double, horizon: Double) {
        self.shape = shape
        self.scale = scale
        self.horizon = horizon
    }

    /// Without memory: however long it has lasted, it will last `mean` hours more.
    public static func memoryless(mean: Double) -> RunLengths {
        RunLengths(shape: 1, scale: .greatestFiniteMagnitude, horizon: mean)
    }

    /// The probability that a run is longer than `hours`.
    public func survival(_ hours: Double) -> Double { exp(-cumulativeHazard(hours)) }

    /// −log of the survival.
    func cumulativeHazard(_ hours: Double) -> Double {
        shape * log1p(hours / (shape * scale)) + hours / horizon
    }

    /// The probability that a run which has lasted `age` lasts `more` as well.
    func survival(of more: Double, at age: Double) -> Double {
        exp(cumulativeHazard(age) - cumulativeHazard(age + more))
    }
}

/// Ages of a run, in classes: its hazard is taken as constant within one, and it grows into the next at a constant rate.
enum AgeClass {
    /// Where one class ends and the next begins, in hours.
    static let edges = [0.1, 0.25, 0.6, 1.2, 2.5, 5, 10, 20, 40]
    static let count = edges.count + 1

    static func index(of age: Double) -> Int {
        var index = 0
        while index < edges.count, age >= edges[index] { index += 1 }
        return index
    }

    static func start(of index: Int) -> Double { index == 0 ? 0 : edges[index - 1] }
    private static func end(of index: Int) -> Double { index < edges.count ? edges[index] : 4 * start(of: index) }

    /// An age that stands for the class.
    static func typicalAge(of index: Int) -> Double {
        index == 0 ? 0 : (start(of: index) + (index < edges.count ? end(of: index) : 2 * start(of: index))) / 2
    }

    /// How fast runs of this age end, and how fast they grow into the next class, per hour: such that as many of them do either
    /// as should, after as long a time on average. The last class lasts for ever.
    static func rates(of index: Int, _ lengths: RunLengths) -> (end: Double, growth: Double) {
        let (from, to) = (start(of: index), end(of: index))
        guard index < edges.count else {
            return ((lengths.cumulativeHazard(to) - lengths.cumulativeHazard(from)) / (to - from), 0)
        }
        let grown = lengths.survival(of: to - from, at: from)
        let steps = 16
        // Simpson's rule for the mean time in the class.
        var sum = 1 + grown
        for step in 1..<steps {
            let value = lengths.survival(of: (to - from) * Double(step) / Double(steps), at: from)
            sum += value * (step.isMultiple(of: 2) ? 2 : 4)
        }
        let time = sum * (to - from) / Double(3 * steps)
        return ((1 - grown) / time, grown / time)
    }
}
