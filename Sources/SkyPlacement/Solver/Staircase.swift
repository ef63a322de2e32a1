/// A point of a trade-off: less time (`tau`) for more cost.
protocol Step {
    var cost: Int64 { get }
    /// Smaller is better: an arrival or a finish, or a latest allowed finish negated.
    var tau: Int64 { get }
}

/// Staircases are arrays of steps of which none beats another: `tau` rises strictly and the cost falls strictly.
extension Array where Element: Step {
    /// Index of the first step that is later than `tau`.
    private func firstIndex(laterThan tau: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].tau <= tau { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Index of the cheapest step that is no later than `tau`.
    func cheapest(upTo tau: Int64) -> Int? {
        let next = firstIndex(laterThan: tau)
        return next > 0 ? next - 1 : nil
    }

    /// Whether some step is neither dearer nor later.
    func beats(cost: Int64, tau: Int64) -> Bool {
        guard let index = cheapest(upTo: tau) else { return false }
        return self[index].cost <= cost
    }

    /// Takes `step` in unless an earlier step is as good, and drops the steps that it beats.
    mutating func climb(_ step: Element) {
        let next = firstIndex(laterThan: step.tau)
        if next > 0, self[next - 1].cost <= step.cost { return }
        let low = next > 0 && self[next - 1].tau == step.tau ? next - 1 : next
        var high = next
        while high < count, self[high].cost >= step.cost { high += 1 }
        if high == low { insert(step, at: low) } else { replaceSubrange(low..<high, with: CollectionOfOne(step)) }
    }

    /// Keeps at most `width` steps, the fastest and the cheapest among them. Returns whether any was dropped.
    mutating func thin(to width: Int) -> Bool {
        guard count > width else { return false }
        let last = count - 1
        self = (0..<width).map { self[$0 * last / (width - 1)] }
        return true
    }
}

/// A step that remembers nothing else.
struct PlainStep: Step {
    var cost: Int64
    var tau: Int64

    /// Holds at any time, for nothing.
    static let free = PlainStep(cost: 0, tau: -Network.none)
}

/// The trade-off of having both: costs add up, the later of the two counts.
func combined(_ a: [PlainStep], _ b: [some Step]) -> [PlainStep] {
    guard let firstA = a.first, let firstB = b.first else { return [] }
    var result: [PlainStep] = []
    var (i, j) = (0, 0)
    var tau = max(firstA.tau, firstB.tau)
    while true {
        while i + 1 < a.count, a[i + 1].tau <= tau { i += 1 }
        while j + 1 < b.count, b[j + 1].tau <= tau { j += 1 }
        result.append(PlainStep(cost: Network.plus(a[i].cost, b[j].cost), tau: tau))
        let nextA = i + 1 < a.count ? a[i + 1].tau : .max
        let nextB = j + 1 < b.count ? b[j + 1].tau : .max
        guard min(nextA, nextB) < .max else { return result }
        tau = min(nextA, nextB)
    }
}
