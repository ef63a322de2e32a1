/// Chooses what is expected to cost least to the end, and is never late.
///
/// * Spot whenever it is there and the job is idle, as long as a start that fails still leaves room for one on demand.
/// * Otherwise (wait, or run on demand; stay on demand, or go to spot) the sum over all guesses at how spot behaves, each
///   weighed by how well it explains what was seen, of what the choice is expected to cost (`CostOutlook`).
/// * `DeadlineRule` last: nothing is done after which starting on demand would be too late.
public struct ExpectedCostPolicy: DeadlinePolicy {
    public let name = "expected-cost"
    private let shelf: OutlookShelf

    public init() { self.init(resolution: .init()) }

    init(resolution: OutlookShelf.Resolution) { shelf = OutlookShelf(resolution) }

    public struct Memory: Sendable {
        fileprivate(set) var history = SpotHistory()
        /// By scale of the runs without spot, then of those with it; worked out when first needed.
        fileprivate var outlooks = ExpectedCostPolicy.noOutlooks
    }

    public func begin(_ setting: SpotSetting) -> Memory {
        var memory = Memory()
        let hours = setting.tick / 3600
        for isAvailable in setting.past.suffix(Int(Self.attention / hours)) {
            memory.history.observe(isAvailable, for: hours)
        }
        return memory
    }

    static let noOutlooks = [CostOutlook?](repeating: nil, count: SpotModel.scales.count * SpotModel.scales.count)

    /// Hours of the past that are looked at; what is older counts next to nothing.
    private static let attention = 288.0
    /// Guesses less probable than this are left out.
    private static let leastWeight: Float = 0.001

    public func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Memory) -> SpotChoice {
        memory.history.observe(moment.isSpotAvailable, for: setting.tick / 3600)
        let wish = choice(moment, setting, memory.history, &memory.outlooks)
        return DeadlineRule.allows(wish, moment, setting) ? wish : .onDemand
    }

    /// What it would like to do, were there no deadline rule.
    func choice(
        _ moment: SpotMoment, _ setting: SpotSetting, _ history: SpotHistory, _ outlooks: inout [CostOutlook?]
    ) -> SpotChoice {
        guard setting.job.spotPrice < setting.job.onDemandPrice else { return .onDemand }
        let rest = setting.work - moment.progress
        let isOnDemand = moment.holding == .onDemand
        let time = Double(setting.ticksLeft(at: moment)) * setting.tick
        let slack = time - rest - (isOnDemand ? moment.pendingDelay : 0)
        let roomForTwo = slack >= 2 * setting.changeover - SpotSimulation.tolerance
        switch moment.holding {
        case .spot: return .spot
        case .idle where moment.isSpotAvailable: return roomForTwo ? .spot : .onDemand
        case .onDemand where moment.isSpotAvailable && !roomForTwo: return .onDemand
        case .idle, .onDemand: break
        }
        guard slack > setting.changeover else { return .onDemand }
        let question: CostOutlook.Question =
            moment.isSpotAvailable
            ? .switchRatherThanStay : isOnDemand ? .waitRatherThanStay : .waitRatherThanStart
        let place = (work: Float(rest / 3600), slack: Float(slack / 3600))
        guard expectedDifference(question, place.work, place.slack, setting, history, &outlooks) < 0 else {
            return .onDemand
        }
        return moment.isSpotAvailable ? .spot : .idle
    }

    private func expectedDifference(
        _ question: CostOutlook.Question, _ work: Float, _ slack: Float, _ setting: SpotSetting,
        _ history: SpotHistory, _ outlooks: inout [CostOutlook?]
    ) -> Float {
        let weights = history.weights()
        let age = AgeClass.index(of: history.age)
        var sum: Float = 0
        for (i, down) in weights.down.enumerated() {
            for (j, up) in weights.up.enumerated() where up * down >= Self.leastWeight {
                let outlook = outlook(down: i, up: j, setting, &outlooks)
                let grid = outlook.grid
                let difference = outlook.difference(
                    question, age: age, grid.place(ofWork: work), grid.place(ofSlack: slack))
                sum += up * down * difference
            }
        }
        return sum
    }

    private func outlook(
        down: Int, up: Int, _ setting: SpotSetting, _ outlooks: inout [CostOutlook?]
    ) -> CostOutlook {
        let index = down * SpotModel.scales.count + up
        if let outlook = outlooks[index] { return outlook }
        let model = SpotModel(
            up: SpotModel.up(scale: SpotModel.scales[up]), down: SpotModel.down(scale: SpotModel.scales[down]))
        let outlook = shelf.outlook(.init(model, setting))
        outlooks[index] = outlook
        return outlook
    }
}
