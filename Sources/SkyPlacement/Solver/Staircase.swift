/// A point of a trade-off: less time (`tau`) for more cost.
protocol Step {
    var cost: Int64 { get }
    /// Smaller is better.
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

    /// Takes `step` in unless an earlier step is as good, and drops the steps that it beats.
    mutating func climb(_ step: Element) {
        let next = firstIndex(laterThan: step.tau)
        if next > 0, self[next - 1].cost <= step.cost { return }
        let low = next > 0 && self[next - 1].tau == step.tau ? next - 1 : next
        var high = next
        while high < count, self[high].cost >= step.cost { high += 1 }
        if high == low { insert(step, at: low) } else { replaceSubrange(low..<high, with: CollectionOfOne(step)) }
    }
}
