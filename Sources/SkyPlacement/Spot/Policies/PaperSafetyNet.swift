/// The rules of "Can't Be Late" that keep a policy from missing its deadline, whatever it asks for.
///
/// The first line acts while the job waits or runs on demand, and leaves room for one changeover that comes to nothing;
/// the second when no more than one start still fits.
enum PaperSafetyNet {
    static func check(_ request: SpotChoice, _ moment: SpotMoment, _ setting: SpotSetting) -> SpotChoice {
        let rest = setting.work - moment.progress
        let left = setting.ticksLeft(at: moment)
        let needOne = setting.ticks(for: rest, delay: setting.changeover)
        let needTwo = setting.ticks(for: rest, delay: 2 * setting.changeover)
        var answer = request
        if needTwo >= left, moment.holding != .spot { answer = .onDemand }
        if needOne >= left { answer = lastResort(moment, setting) }
        return answer
    }

    static func lastResort(_ moment: SpotMoment, _ setting: SpotSetting) -> SpotChoice {
        if moment.holding == .spot, moment.pendingDelay < SpotSimulation.tolerance { return .spot }
        return setting.changeover == 0 && moment.isSpotAvailable ? .spot : .onDemand
    }
}
