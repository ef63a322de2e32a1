/// The rule that keeps a deadline: after any tick, a start on demand must still be in time.
///
/// It holds at the start if the job can keep its deadline at all (`DeadlineJob.canKeepDeadline`), and each choice that is
/// allowed keeps it. On demand it keeps itself: work and delay still to come shrink by a tick with every tick. So a policy that
/// goes on demand whenever this rule forbids its wish is never late, whatever spot does.
public enum DeadlineRule {
    public static func allows(_ choice: SpotChoice, _ moment: SpotMoment, _ setting: SpotSetting) -> Bool {
        let rest = setting.work - moment.progress
        let leftAfter = setting.ticksLeft(at: moment) - 1
        switch choice {
        case .onDemand: return true
        case .idle: return setting.ticks(for: rest, delay: setting.changeover) <= leftAfter
        case .spot:
            let pending = moment.holding == .spot ? moment.pendingDelay : setting.changeover
            let restAfter = rest - max(setting.tick - pending, 0)
            if restAfter <= SpotSimulation.tolerance { return leftAfter >= 0 }
            return setting.ticks(for: restAfter, delay: setting.changeover) <= leftAfter
        }
    }
}
