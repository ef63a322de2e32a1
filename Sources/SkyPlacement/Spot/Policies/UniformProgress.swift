/// Uniform Progress of "Can't Be Late" (NSDI 2024): keeps as near as it can to the straight line from nothing done at the
/// start to all done at the deadline. Behind the line it runs on demand when there is no spot; ahead of it, it waits.
public struct UniformProgressPolicy: DeadlinePolicy {
    /// How far ahead of the line it has to be before it leaves a machine on demand for spot.
    public enum Hysteresis: Sendable {
        /// As soon as spot is there.
        case none
        /// So many changeovers.
        case changeovers(Double)
    }

    public let name: String
    private let hysteresis: Hysteresis

    /// The paper's.
    public init() { self.init(name: "uniform-progress", hysteresis: .changeovers(2)) }

    public init(name: String, hysteresis: Hysteresis) {
        self.name = name
        self.hysteresis = hysteresis
    }

    public func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Void) -> SpotChoice {
        var request: SpotChoice = moment.isSpotAvailable ? .spot : .idle
        if !moment.isSpotAvailable, setting.lead(of: moment.progress, at: moment.elapsed) < 0 { request = .onDemand }
        if moment.holding == .onDemand, !moment.isSpotAvailable || staysOnDemand(moment, setting) {
            request = .onDemand
        }
        return PaperSafetyNet.check(request, moment, setting)
    }

    private func staysOnDemand(_ moment: SpotMoment, _ setting: SpotSetting) -> Bool {
        guard case .changeovers(let count) = hysteresis else { return false }
        let time = moment.elapsed + count * setting.changeover
        return time * setting.work / setting.deadline - moment.progress >= 0
    }
}
