import SkyCore

/// Uniform Progress that is told how long each run of spot will last, and passes over those too short to pay.
public struct NextSpotPolicy: DeadlinePolicy {
    public let name = "next-spot"
    public let looksAhead = true

    public init() {}

    public func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Void) -> SpotChoice {
        PaperSafetyNet.check(request(moment, setting), moment, setting)
    }

    private func request(_ moment: SpotMoment, _ setting: SpotSetting) -> SpotChoice {
        let length = moment.isSpotAvailable ? moment.foresight?.length ?? 0 : 0
        let worth = setting.shortestSpotWorthAStart
        switch moment.holding {
        case .spot where moment.isSpotAvailable: return .spot
        case .onDemand: return length > 2 * worth ? .spot : .onDemand
        case .idle, .spot:
            if length > worth { return .spot }
            return setting.lead(of: moment.progress, at: moment.elapsed) < 0 ? .onDemand : .idle
        }
    }
}

/// As `NextSpotPolicy`, and told as well when spot comes next.
public struct NextWaitSpotPolicy: DeadlinePolicy {
    public let name = "next-wait-spot"
    public let looksAhead = true

    public init() {}

    public func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Void) -> SpotChoice {
        PaperSafetyNet.check(request(moment, setting), moment, setting)
    }

    private func request(_ moment: SpotMoment, _ setting: SpotSetting) -> SpotChoice {
        let (wait, length) = (moment.foresight?.wait ?? .infinity, moment.foresight?.length ?? 0)
        let worth = setting.shortestSpotWorthAStart
        let usable = moment.isSpotAvailable ? length : 0
        switch moment.holding {
        case .spot where moment.isSpotAvailable: return .spot
        case .onDemand:
            if usable > 2 * worth { return .spot }
            let pause =
                (moment.progress + length - setting.changeover) * setting.deadline / setting.work - moment.elapsed
                - length
            return wait <= pause && length > worth ? .idle : .onDemand
        case .idle, .spot:
            if usable > worth { return .spot }
            let isBehind = setting.lead(of: moment.progress, at: moment.elapsed) < 0
            let comesSoon = wait <= 2 * setting.changeover && length > worth
            return isBehind && !comesSoon ? .onDemand : .idle
        }
    }
}

extension SpotSetting {
    /// A run of spot as long as this costs as much, its start included, as the work done in it would on demand.
    var shortestSpotWorthAStart: Double {
        let (onDemand, spot) = (Double(job.onDemandPrice.nanodollars), Double(job.spotPrice.nanodollars))
        guard onDemand > spot else { return .infinity }
        return onDemand * changeover / (onDemand - spot)
    }
}
