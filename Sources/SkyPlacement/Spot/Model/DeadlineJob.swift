public import SkyCore

/// A job that has to be done by a deadline and may run on spot machines, on demand, or wait.
public struct DeadlineJob: Hashable, Sendable, Codable {
    /// Machine time that the job needs, start-ups not counted.
    public let work: TimeSpan
    /// Counted from the job's start.
    public let deadline: TimeSpan
    /// What every start costs before work goes on: boot, set-up, reading the checkpoint.
    public let changeover: TimeSpan
    /// Of all the job's nodes together, per hour.
    public let onDemandPrice: Money
    /// Of all the job's nodes together, per hour.
    public let spotPrice: Money

    /// Times below zero count as zero, times beyond 30,000 years as that.
    public init(work: TimeSpan, deadline: TimeSpan, changeover: TimeSpan, onDemandPrice: Money, spotPrice: Money) {
        func sensible(_ span: TimeSpan) -> TimeSpan { min(max(span, .zero), DurationModel.longest) }
        self.work = sensible(work)
        self.deadline = sensible(deadline)
        self.changeover = sensible(changeover)
        self.onDemandPrice = max(onDemandPrice, .zero)
        self.spotPrice = max(spotPrice, .zero)
    }

    /// Whether running on demand from the first tick keeps the deadline; nothing can promise it when this is false.
    public func canKeepDeadline(tick: TimeSpan) -> Bool {
        Self.ticks(for: (work + changeover).inSeconds, of: tick.inSeconds) <= Int(deadline.inSeconds / tick.inSeconds)
    }

    /// What the job costs when it runs on demand from its first tick to its end, whole ticks paid for.
    public func onDemandCost(tick: TimeSpan) -> Money {
        let ticks = Self.ticks(for: (work + changeover).inSeconds, of: tick.inSeconds)
        return onDemandPrice.perHour(for: tick.times(ticks))
    }

    /// Whole ticks that `seconds` take.
    static func ticks(for seconds: Double, of tick: Double) -> Int { Int((seconds / tick).rounded(.up)) }
}

extension TimeSpan {
    var inSeconds: Double { Double(milliseconds) / 1000 }

    func times(_ count: Int) -> TimeSpan {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: Int64(count))
        return TimeSpan(milliseconds: overflow ? .max : product)
    }
}

/// What a job does during one tick.
public enum SpotChoice: String, Hashable, Sendable, Codable {
    /// Waits, and pays nothing.
    case idle
    case spot
    case onDemand = "on-demand"
}
