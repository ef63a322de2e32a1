public import SkyCore

/// Decides tick by tick whether a job waits, runs on spot or on demand. It sees the past and the present only.
public protocol DeadlinePolicy: Sendable {
    /// What it remembers of one run.
    associatedtype Memory: Sendable = Void

    /// As the command line writes it: `uniform-progress`.
    var name: String { get }
    /// Told the future, and so no rival of the others; for comparison only.
    var looksAhead: Bool { get }

    /// Whether it can work with this tick.
    func suits(tick: TimeSpan) -> Bool

    func begin(_ setting: SpotSetting) -> Memory

    /// What the job does until the next tick. Asked once for each tick, in order.
    ///
    /// - Returns: `.spot` only when it is available.
    func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Memory) -> SpotChoice
}

extension DeadlinePolicy {
    public var looksAhead: Bool { false }
    public func suits(tick: TimeSpan) -> Bool { true }
}

extension DeadlinePolicy where Memory == Void {
    public func begin(_ setting: SpotSetting) {}
}
