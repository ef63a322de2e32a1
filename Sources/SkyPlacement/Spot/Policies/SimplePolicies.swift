/// On demand from the first tick to the last.
public struct OnDemandPolicy: DeadlinePolicy {
    public let name = "on-demand"

    public init() {}

    public func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Void) -> SpotChoice { .onDemand }
}

/// Spot whenever there is any; otherwise waits until only on demand keeps the deadline.
public struct GreedyPolicy: DeadlinePolicy {
    public let name = "greedy"

    public init() {}

    public func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Void) -> SpotChoice {
        PaperSafetyNet.check(moment.isSpotAvailable ? .spot : .idle, moment, setting)
    }
}
