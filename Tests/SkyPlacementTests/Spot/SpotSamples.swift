import SkyCore
import SkyTestSupport

@testable import SkyPlacement

extension SpotTrace {
    /// `1` for spot, anything else for none; a tick of ten minutes.
    init(_ pattern: String, minutes: Int64 = 10) {
        self.init(name: "pattern", tick: .seconds(minutes * 60), isAvailable: pattern.map { $0 == "1" })
    }

    /// Runs of spot and of none with the given laws.
    static func random(_ model: SpotModel, ticks: Int, minutes: Int64 = 10, seed: UInt64) -> SpotTrace {
        var random = SeededGenerator(seed: seed)
        var answers: [Bool] = []
        var isUp = Bool.random(using: &random)
        while answers.count < ticks {
            let lot = Double.random(in: 0..<1, using: &random)
            let law = isUp ? model.up : model.down
            var length = 1
            while length < ticks, law.survival(Double(length) * Double(minutes) / 60) > lot { length += 1 }
            answers += [Bool](repeating: isUp, count: length)
            isUp.toggle()
        }
        return SpotTrace(name: "random", tick: .seconds(minutes * 60), isAvailable: Array(answers.prefix(ticks)))
    }
}

extension DeadlineJob {
    /// Times in minutes; prices as in the published evaluation.
    static func minutes(
        _ work: Int64, by deadline: Int64, start: Int64 = 0, spotPrice: Money = Money(nanodollars: 973_100_000)
    ) -> DeadlineJob {
        DeadlineJob(
            work: .seconds(work * 60), deadline: .seconds(deadline * 60), changeover: .seconds(start * 60),
            onDemandPrice: Money(nanodollars: 3_060_000_000), spotPrice: spotPrice)
    }
}

/// Does what it was told beforehand, tick by tick; on demand after the last word.
struct ScriptedPolicy: DeadlinePolicy {
    let name = "scripted"
    let choices: [SpotChoice]

    func begin(_ setting: SpotSetting) -> Int { 0 }

    func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Int) -> SpotChoice {
        defer { memory += 1 }
        return memory < choices.count ? choices[memory] : .onDemand
    }
}

/// A policy of ours that thinks less hard: debug builds are slow.
extension ExpectedCostPolicy {
    static let quick = ExpectedCostPolicy(resolution: .init(works: 6, slacks: 8))
}
