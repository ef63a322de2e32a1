import FoundationEssentials
import SkyCore
import SkyPlacement
import SkySpec
import Testing

@testable import SkyBroker

/// Thousands of bad days in virtual time.
@Suite struct RunSimulationTests {
    /// Per block; `SKY_SIMULATED_DAYS=1000 swift test -c release` for a long look.
    private let days = ProcessInfo.processInfo.environment["SKY_SIMULATED_DAYS"].flatMap(Int.init) ?? 40

    @Test(
        "whatever fails and whenever the driver dies, nothing runs twice and nothing is left rented", arguments: 0..<8)
    func badDays(block: Int) throws {
        for seed in UInt64(block * days)..<UInt64((block + 1) * days) {
            let faults = SimulatedCloud.Faults(
                refusal: 0.2, lostReply: 0.1, preemption: 0.02, jobFailure: 0.01, lostArtifact: 0.02)
            var driver = try SimulatedDriver(
                launch: .diamondWithService(), cloud: SimulatedCloud(seed: seed, faults: faults),
                crashProbability: 0.05)
            let stopAfter = seed % 3 == 0 ? Int(seed % 90) + 1 : nil
            try driver.run(stopAfter: stopAfter, reason: seed % 2 == 0 ? .cancel : .down)
            #expect(driver.cloud.violations.isEmpty, "seed \(seed)")
            #expect(driver.cloud.groups.isEmpty, "seed \(seed) left \(driver.cloud.groups.keys) rented")
            #expect(driver.cloud.runningJobs.isEmpty, "seed \(seed)")
            #expect(RunState(folding: driver.journal) == driver.state, "seed \(seed)")
        }
    }

    @Test("on a good day each stage runs once, however often the driver dies", arguments: 0..<50)
    func goodDays(seed: Int) throws {
        let cloud = SimulatedCloud(seed: UInt64(seed), faults: .init())
        var driver = try SimulatedDriver(launch: .diamondWithService(), cloud: cloud, crashProbability: 0.3)
        try driver.run()
        #expect(driver.state.status == .succeeded)
        #expect(driver.cloud.jobStarts == ["a": 1, "b": 1, "c": 1, "d": 1, "serve": 1])
        #expect(driver.state.stages.allSatisfy { $0.attempts.count == 1 })
    }

    @Test("a driver that never dies and one that always does end in the same place")
    func crashesChangeNothing() throws {
        let cloud = SimulatedCloud(seed: 1, faults: .init())
        var calm = try SimulatedDriver(launch: .diamondWithService(), cloud: cloud, crashProbability: 0)
        var doomed = try SimulatedDriver(launch: .diamondWithService(), cloud: cloud, crashProbability: 0.9)
        try calm.run()
        try doomed.run()
        #expect(doomed.crashes > 20)
        #expect(calm.state.stages.map(\.phase) == doomed.state.stages.map(\.phase))
    }
}
