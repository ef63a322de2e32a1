import SkyCore
import Testing

@testable import SkyPlacement

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The published traces are not part of this repository: `SKY_SPOT_TRACES` says where their folder is.
private let folder = ProcessInfo.processInfo.environment["SKY_SPOT_TRACES"]

@Suite("Costs on the published traces", .enabled(if: folder != nil))
struct PublishedTraceTests {
    private struct Content: Decodable {
        let metadata: [String: Double]
        let data: [Double]
    }

    struct Case: Sendable, CustomStringConvertible {
        let path: String
        let nodes: Double
        let hours: Int64
        let start: TimeSpan
        let begin: Int
        /// By policy: cost, ticks on spot, ticks on demand, changeovers.
        let expected: [String: (String, Int, Int, Int)]
        let optimum: String

        var description: String { path }
    }

    static let cases = [
        Case(
            path: "availability/1-node/aws-10-26-2022/us-west-2a_v100_1", nodes: 1, hours: 52, start: .seconds(720),
            begin: 1713,
            expected: [
                "on-demand": ("147.9000", 0, 290, 1), "greedy": ("147.3431", 6, 287, 4),
                "time-sliced-4h": ("119.2149", 103, 201, 13), "up-no-hysteresis": ("141.2192", 50, 261, 20),
                "up-1d": ("110.7286", 123, 178, 11), "uniform-progress": ("128.4672", 72, 229, 11),
                "next-spot": ("87.8645", 199, 109, 16), "next-wait-spot": ("105.2553", 149, 159, 16),
            ], optimum: "87.0301"),
        Case(
            path: "availability/1-node/aws-02-15-2023/us-east-1c_v100_1", nodes: 1, hours: 70, start: .seconds(72),
            begin: 9466,
            expected: [
                "on-demand": ("147.0203", 0, 887, 1), "greedy": ("46.9115", 890, 0, 10),
                "up-no-hysteresis": ("68.7207", 700, 192, 14), "up-1d": ("68.7207", 700, 192, 14),
                "uniform-progress": ("68.7207", 700, 192, 14), "next-spot": ("68.7207", 700, 192, 14),
                "next-wait-spot": ("68.0647", 719, 182, 39),
            ], optimum: "46.8061"),
        Case(
            path: "preemption/4-node/aws-08-03-2023/us-east-2a_v100_1", nodes: 4, hours: 60, start: .seconds(1440),
            begin: 0,
            expected: [
                "on-demand": ("148.1550", 0, 581, 1), "greedy": ("85.5343", 407, 206, 8),
                "time-sliced-4h": ("85.1044", 430, 197, 11), "up-no-hysteresis": ("64.0850", 545, 78, 12),
                "up-1d": ("70.4737", 498, 118, 9), "uniform-progress": ("72.3759", 468, 135, 6),
                "next-spot": ("67.5524", 506, 104, 7), "next-wait-spot": ("89.3710", 404, 222, 19),
            ], optimum: "57.1755"),
    ]

    @Test("are those of the model, to a hundredth of a cent", arguments: cases)
    func checkValues(expected: Case) throws {
        let file = URL(filePath: try #require(folder)).appending(path: expected.path + ".json")
        let content = try JSONDecoder().decode(Content.self, from: try Data(contentsOf: file))
        let trace = SpotTrace(
            name: expected.path,
            tick: TimeSpan(milliseconds: Int64(try #require(content.metadata["gap_seconds"]) * 1000)),
            isAvailable: content.data.map { $0 >= expected.nodes })
        let job = DeadlineJob(
            work: .seconds(48 * 3600), deadline: .seconds(expected.hours * 3600), changeover: expected.start,
            onDemandPrice: Money(nanodollars: 3_060_000_000), spotPrice: Money(nanodollars: 973_100_000))
        for policy in DeadlinePolicies.all {
            guard let (cost, spot, onDemand, changeovers) = expected.expected[policy.name] else { continue }
            let run = SpotSimulation.run(job, on: trace, from: expected.begin, policy: policy)
            let outcome = try #require(run)
            #expect(outcome.cost.formatted(decimals: 4) == "$\(cost)", "\(policy.name)")
            #expect((outcome.spotTicks, outcome.onDemandTicks, outcome.changeovers) == (spot, onDemand, changeovers))
            #expect(!outcome.isLate)
        }
        let optimum = try #require(OfflineOptimum.cost(of: job, on: trace, from: expected.begin))
        #expect(optimum.formatted(decimals: 4) == "$\(expected.optimum)")
    }
}
