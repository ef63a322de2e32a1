import SkyCore

/// The policies that come with it.
public enum DeadlinePolicies {
    /// Those worth comparing at a glance.
    public static let usual: [any DeadlinePolicy] = [
        OnDemandPolicy(), GreedyPolicy(), UniformProgressPolicy(), ExpectedCostPolicy(),
    ]

    /// All of them, simple ones first, those that are told the future last.
    public static let all: [any DeadlinePolicy] = [
        OnDemandPolicy(), GreedyPolicy(), TimeSlicedPolicy(slice: TimeSpan(milliseconds: 4 * 3_600_000)),
        UniformProgressPolicy(name: "up-no-hysteresis", hysteresis: .none),
        UniformProgressPolicy(name: "up-1d", hysteresis: .changeovers(1)), UniformProgressPolicy(),
        ExpectedCostPolicy(), NextSpotPolicy(), NextWaitSpotPolicy(),
    ]
}
