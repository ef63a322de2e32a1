public import SkyCore

/// The deadline cut into slices, each with its even share of the work; greedy within a slice, and what one slice gains the
/// next ones may spend.
public struct TimeSlicedPolicy: DeadlinePolicy {
    public let name: String
    private let length: TimeSpan
    private var slice: Double { length.inSeconds }

    /// - Parameter slice: above zero.
    public init(slice: TimeSpan) {
        name = "time-sliced-\(slice)"
        length = max(slice, .seconds(1))
    }

    /// A slice has to be a whole number of ticks.
    public func suits(tick: TimeSpan) -> Bool { length.milliseconds % max(tick.milliseconds, 1) == 0 }

    public struct Memory: Sendable {
        var number = 0
        var progressAtStart = 0.0
        /// Work done in the slices before this one, less their shares.
        var gain = 0.0
    }

    public func begin(_ setting: SpotSetting) -> Memory { Memory() }

    public func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Memory) -> SpotChoice {
        let number = Int((moment.elapsed / slice).rounded(.down))
        while memory.number < number {
            memory.gain += moment.progress - memory.progressAtStart - share(of: memory.number, setting)
            memory.progressAtStart = moment.progress
            memory.number += 1
        }
        let rest = setting.work - moment.progress
        let left = setting.ticksLeft(at: moment)
        let needOne = setting.ticks(for: rest, delay: setting.changeover)
        let needTwo = setting.ticks(for: rest, delay: 2 * setting.changeover)
        let toDo = share(of: number, setting) - (moment.progress - memory.progressAtStart)
        let greedy: SpotChoice = moment.isSpotAvailable ? .spot : .idle
        if toDo - memory.gain <= SpotSimulation.tolerance, needTwo < left { return greedy }
        let room = Int(((end(of: number, setting) - moment.elapsed + memory.gain) / setting.tick).rounded(.down))
        if setting.ticks(for: toDo, delay: setting.changeover) >= room || needOne >= left {
            let isServing = moment.holding == .spot && moment.pendingDelay < SpotSimulation.tolerance
            return isServing ? .spot : .onDemand
        }
        let isTight = setting.ticks(for: toDo, delay: 2 * setting.changeover) >= room || needTwo >= left
        return isTight && moment.holding != .spot ? .onDemand : greedy
    }

    private func end(of number: Int, _ setting: SpotSetting) -> Double {
        min(Double(number + 1) * slice, setting.deadline)
    }

    private func share(of number: Int, _ setting: SpotSetting) -> Double {
        setting.work * max(end(of: number, setting) - Double(number) * slice, 0) / setting.deadline
    }
}
