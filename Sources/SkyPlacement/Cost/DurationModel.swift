import SkyCatalog
public import SkyCore
import SkySpec

/// How it is known for how long a stage works on an offer.
public enum DurationSource: Hashable, Sendable, Codable {
    /// The pipeline gives a figure that holds there.
    case estimate
    /// The stage ran on this shape before: how often, and in which run last.
    case learned(runs: Int, latest: String)
    /// The pipeline gives a figure for these accelerators only, scaled by published speeds: a guess.
    case scaled(from: AcceleratorCount)
    /// The pipeline gives none: an hour.
    case assumed

    /// In JSON: `estimate`, `learned`, `scaled` or `assumed`.
    public var name: String {
        switch self {
        case .estimate: "estimate"
        case .learned: "learned"
        case .scaled: "scaled"
        case .assumed: "assumed"
        }
    }
}

/// How long one stage works on each kind of machine.
struct DurationModel: Sendable {
    let estimate: DurationEstimate
    /// What earlier runs of this stage took, the latest first.
    let past: [PlacementHistory.PastRun]
    /// Relative speeds by accelerator, in lower case: only their ratios matter.
    let speeds: [String: Double]

    /// Longer stages are counted as this long (30,000 years), so that no sum of times overflows.
    static let longest = TimeSpan(milliseconds: 1 << 50)
    /// The latest runs that say how long the next one takes.
    static let runsThatCount = 5

    func duration(on offer: Offer) -> (duration: Estimate<TimeSpan>, source: DurationSource) {
        if let learned = learned(on: offer) { return learned }
        if let given = given(on: offer.accelerator) { return (bounded(given), .estimate) }
        if let scaled = scaled(to: offer.accelerator) { return scaled }
        return (Estimate(.hour), .assumed)
    }

    /// The median of the latest runs on the same accelerators, or on the same type where there are none.
    private func learned(on offer: Offer) -> (duration: Estimate<TimeSpan>, source: DurationSource)? {
        guard !past.isEmpty else { return nil }
        let alike = past.filter { stage in
            offer.accelerator == nil
                ? stage.instanceType == offer.instanceType && stage.provider == offer.provider
                : stage.accelerator == offer.accelerator
        }
        guard let latest = alike.first else { return nil }
        let durations = alike.prefix(Self.runsThatCount).map(\.duration).sorted()
        guard let low = durations.first, let high = durations.last else { return nil }
        let learned = Estimate(low: low, expected: durations[durations.count / 2], high: high)
        return (bounded(learned), .learned(runs: durations.count, latest: latest.run))
    }

    /// The author's figure for these accelerators however they spell the name, or the general one.
    private func given(on accelerator: AcceleratorCount?) -> Estimate<TimeSpan>? {
        guard let accelerator else { return estimate.general }
        let alike = estimate.perAccelerator.first { $0.accelerator.isAlike(accelerator) }
        return alike?.duration ?? estimate.general
    }

    /// From the figure for the same accelerator in another number, else from the first whose speed is known.
    private func scaled(
        to accelerator: AcceleratorCount?
    ) -> (duration: Estimate<TimeSpan>, source: DurationSource)? {
        guard let accelerator else { return nil }
        let name = accelerator.name.lowercased()
        let same = estimate.perAccelerator.filter { $0.accelerator.name.lowercased() == name }
        for base in same + estimate.perAccelerator {
            guard let factor = slowdown(from: base.accelerator, to: accelerator) else { continue }
            let duration = Estimate(
                low: base.duration.low.scaled(by: factor), expected: base.duration.expected.scaled(by: factor),
                high: base.duration.high.scaled(by: factor))
            return (bounded(duration), .scaled(from: base.accelerator))
        }
        return nil
    }

    private func slowdown(from base: AcceleratorCount, to other: AcceleratorCount) -> Double? {
        let (baseName, otherName) = (base.name.lowercased(), other.name.lowercased())
        let counts = base.count / other.count
        if baseName == otherName { return counts }
        guard let fast = speeds[baseName], let slow = speeds[otherName], fast > 0, slow > 0 else { return nil }
        return counts * fast / slow
    }

    private func bounded(_ duration: Estimate<TimeSpan>) -> Estimate<TimeSpan> {
        func bounded(_ span: TimeSpan) -> TimeSpan { min(max(span, .zero), Self.longest) }
        return Estimate(
            low: bounded(duration.low), expected: bounded(duration.expected), high: bounded(duration.high))
    }
}

extension AcceleratorCount {
    /// Names of accelerators differ by more than case.
    func isAlike(_ other: AcceleratorCount) -> Bool {
        count == other.count && (name == other.name || name.lowercased() == other.name.lowercased())
    }
}

extension TimeSpan {
    /// Rounded to whole milliseconds; at most `DurationModel.longest`.
    func scaled(by factor: Double) -> TimeSpan {
        let product = (Double(milliseconds) * factor).rounded()
        guard product < Double(DurationModel.longest.milliseconds) else { return DurationModel.longest }
        return product > 0 ? TimeSpan(milliseconds: Int64(product)) : .zero
    }
}
