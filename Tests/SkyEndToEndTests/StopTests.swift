import FoundationEssentials
import SkyTestSupport
import Testing

/// `cancel` and `down` of what a provider does not take back.
@Suite("Stopping a run", .timeLimit(.minutes(5)))
struct StopTests {
    private struct Left: Decodable {
        struct Group: Decodable {
            let provider: String
            let region: String
            let token: String
            let nodes: Int
            let price_per_hour_usd: String?
            let since: String?
        }
        let left: [Group]
    }

    @Test(
        "says exactly what is left when the time is over, and goes on when the provider takes it back",
        arguments: ["down", "cancel"])
    func stuck(command: String) async throws {
        try await SkyUnderTest.use { plain in
            let script = try plain.write(
                "providers:\n  aws:\n    terminate_failures: [{}]\n", as: "mock.yaml")
            let sky = plain.with(["SKY_MOCK": script])
            let file = try sky.write(
                """
                name: stuck
                stages:
                  nap:
                    resources: {infra: aws, cpus: 1+}
                    run: exec sleep 100000
                """)
            let launch = try await sky("launch", file, "--yes", "--detach")
            let run = try sky.runName("stuck", in: launch)
            try await sky.wait("the stage runs") { try await sky.status(of: run).stage("nap").state == "running" }
            let arguments = [command, run, "--wait", "1s"] + (command == "down" ? ["--yes"] : [])
            let refused = try await sky.run(sky.binary, arguments)
            #expect(refused.exitCode == 3, "\(refused)")
            #expect(refused.errors.contains("still rented: 1 group, $"), "\(refused.errors)")
            #expect(
                refused.errors.contains("sky down \(run)") && refused.errors.contains("does not let go"),
                "\(refused.errors)")
            #expect(refused.output.contains("aws") && refused.output.contains("\(run)--nap--1"), "\(refused.output)")
            let json = try await sky.run(sky.binary, arguments + ["--output", "json"])
            #expect(json.exitCode == 3)
            let left = try JSONDecoder().decode(Left.self, from: Data(json.output.utf8)).left
            let group = try #require(left.first)
            #expect(left.count == 1 && group.token == "\(run)--nap--1" && group.nodes == 1 && group.since != nil)
            #expect(group.price_per_hour_usd.flatMap(Double.init).map { $0 > 0 } == true)

            // The script lets go for whoever reads it anew: the driver has read it once.
            _ = try sky.write("providers:\n  aws: {}\n", as: "mock.yaml")
            for driver in [sky.kill(whoseCommandHas: "driver \(run)")] { #expect(driver == 1) }
            let done = try await sky.run(sky.binary, arguments.map { $0 == "1s" ? "4m" : $0 })
            #expect(done.exitCode == 0, "\(done)")
            #expect(sky.processes.isEmpty)

            let cost = try await sky("cost", run, "--output", "json")
            let costs = try JSONDecoder().decode(CostList.self, from: Data(cost.output.utf8))
            let (billed, metered) = (
                costs.runs.first?.billed_usd.flatMap(Double.init), costs.runs.first.flatMap { Double($0.metered_usd) }
            )
            // The provider counts from the request on, the broker from the answer on.
            #expect(try #require(billed) > 0 && #require(metered) > 0, "\(cost.output)")
        }
    }
}

private struct CostList: Decodable {
    struct Run: Decodable {
        let metered_usd: String
        let billed_usd: String?
    }
    let runs: [Run]
}
