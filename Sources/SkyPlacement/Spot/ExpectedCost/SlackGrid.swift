/// The points at which expected costs are worked out: work left in even steps, slack in steps that grow, because what an hour
/// more of it is worth changes most when there is little. Hours.
struct SlackGrid: Sendable {
    let works: [Float]
    let slacks: [Float]

    /// - Parameter finest: the first step of slack.
    init(work: Double, workCount: Int, slack: Double, slackCount: Int, finest: Double) {
        works = (0...workCount).map { Float(work * Double($0) / Double(workCount)) }
        var step = min(finest, slack / Double(slackCount))
        let growth = Self.growth(sum: slack / step, count: slackCount)
        var slacks: [Float] = [0]
        var sum = 0.0
        for _ in 0..<slackCount {
            sum += step
            step *= growth
            slacks.append(Float(sum))
        }
        self.slacks = slacks
    }

    /// The ratio of a geometric series of `count` terms, the first 1, that comes to `sum`; at least 1.
    private static func growth(sum: Double, count: Int) -> Double {
        var (low, high) = (1.0, 10.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            var (total, term) = (0.0, 1.0)
            for _ in 0..<count {
                total += term
                term *= middle
            }
            if total < sum { low = middle } else { high = middle }
        }
        return low
    }

    var workStep: Float { works[1] }

    /// A point between grid points: the lower one, and how far beyond it.
    struct Place {
        let index: Int
        let part: Float
    }

    func place(ofWork work: Float) -> Place {
        let steps = min(max(work / workStep, 0), Float(works.count - 1))
        let index = min(Int(steps), works.count - 2)
        return Place(index: index, part: steps - Float(index))
    }

    func place(ofSlack slack: Float) -> Place {
        var (low, high) = (0, slacks.count - 1)
        if slack <= 0 { return Place(index: 0, part: 0) }
        if slack >= slacks[high] { return Place(index: high - 1, part: 1) }
        while high - low > 1 {
            let middle = (low + high) / 2
            if slacks[middle] <= slack { low = middle } else { high = middle }
        }
        return Place(index: low, part: (slack - slacks[low]) / (slacks[low + 1] - slacks[low]))
    }
}
