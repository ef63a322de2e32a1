public import SkyCore

/// One job on one trace under one policy, tick by tick.
///
/// At each tick: what the last one did is counted; the job ends if all is done; spot that has gone is taken away; the policy
/// decides; a start sets the changeover delay anew; the tick is billed whole. A preemption loses no work.
public enum SpotSimulation {
    /// Less time than this (seconds) is none.
    static let tolerance = 0.001

    /// Runs `job` from tick `start` of `trace` until it is done.
    ///
    /// - Returns: nil when the trace ends before the job does, or `start` is not one of its ticks.
    public static func run(
        _ job: DeadlineJob, on trace: SpotTrace, from start: Int = 0, policy: some DeadlinePolicy
    ) -> SpotOutcome? {
        guard trace.isAvailable.indices.contains(start) else { return nil }
        let setting = SpotSetting(job: job, tick: trace.tick, past: trace.isAvailable[..<start])
        var memory = policy.begin(setting)
        var state = SpotJobState(setting)
        while !state.isDone {
            let index = start + state.tick
            guard index < trace.count else { return nil }
            let isAvailable = trace.isAvailable[index]
            let moment = state.moment(isAvailable, policy.looksAhead ? SpotForesight(trace, at: index) : nil)
            let choice = policy.decide(moment, setting, memory: &memory)
            state.run(choice == .spot && !isAvailable ? .idle : choice, from: moment.holding)
        }
        return SpotOutcome(state, job, trace)
    }
}

/// How one run ended.
public struct SpotOutcome: Hashable, Sendable {
    public let spotTicks: Int
    public let onDemandTicks: Int
    /// Starts of a machine, the first one counted.
    public let changeovers: Int
    /// From the job's start; inside the last tick.
    public let end: TimeSpan
    /// Whole ticks are paid for, the last one too.
    public let cost: Money
    public let isLate: Bool

    init(_ state: SpotJobState, _ job: DeadlineJob, _ trace: SpotTrace) {
        spotTicks = state.spotTicks
        onDemandTicks = state.onDemandTicks
        changeovers = state.changeovers
        end = TimeSpan(milliseconds: Int64((state.end * 1000).rounded()))
        cost =
            job.spotPrice.perHour(for: trace.tick.times(spotTicks))
            + job.onDemandPrice.perHour(for: trace.tick.times(onDemandTicks))
        isLate = end > job.deadline
    }
}

extension SpotForesight {
    init(_ trace: SpotTrace, at tick: Int) {
        let next = trace.nextChange(after: tick)
        if trace.isAvailable[tick] {
            self.init(wait: 0, length: trace.tick.times(next - tick).inSeconds)
        } else {
            let end = next < trace.count ? trace.nextChange(after: next) : next
            self.init(wait: trace.tick.times(next - tick).inSeconds, length: trace.tick.times(end - next).inSeconds)
        }
    }
}
