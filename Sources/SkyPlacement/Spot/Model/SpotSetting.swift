public import SkyCore

/// What does not change during a job, and what was seen before it. Times in seconds.
public struct SpotSetting: Sendable {
    public let job: DeadlineJob
    /// From one decision to the next.
    public let tick: Double
    /// Whether spot was available at the ticks before the job's start, the latest last: a broker watches its zones.
    public let past: ArraySlice<Bool>
    public let work: Double
    public let deadline: Double
    public let changeover: Double

    /// - Parameter tick: above zero; less counts as a millisecond.
    public init(job: DeadlineJob, tick: TimeSpan, past: ArraySlice<Bool> = []) {
        self.job = job
        self.tick = max(tick, TimeSpan(milliseconds: 1)).inSeconds
        self.past = past
        work = job.work.inSeconds
        deadline = job.deadline.inSeconds
        changeover = job.changeover.inSeconds
    }

    /// Whole ticks that end by the deadline.
    public func ticksLeft(at moment: SpotMoment) -> Int { Int(((deadline - moment.elapsed) / tick).rounded(.down)) }

    /// Whole ticks that `work` and `delay` take.
    public func ticks(for work: Double, delay: Double) -> Int { DeadlineJob.ticks(for: work + delay, of: tick) }

    /// How far `progress` at `time` is ahead of the straight line from nothing done at the start to all at the deadline.
    func lead(of progress: Double, at time: Double) -> Double { progress - time * work / deadline }
}
