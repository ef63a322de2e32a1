import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// The real agents and jobs of a real run, killed over and over while its driver lives.
@Suite("Agents and jobs that are killed", .timeLimit(.minutes(15)))
struct KilledAgentTests {
    /// `SKY_KILLS=100 swift test --filter KilledAgentTests` for a long look.
    private let kills = ProcessInfo.processInfo.environment["SKY_KILLS"].flatMap(Int.init) ?? 30

    @Test("agents that are killed at any moment cost a run nothing: their jobs are adopted, and no work is done twice")
    func agents() async throws {
        try await SkyUnderTest.use { sky in
            let chain = Chain(sky, name: "agents", work: "sleep 0.4")
            try await surviveKills(of: chain, sky, seed: 11, atMost: 200) { _ in sky.killAgents() }
        }
    }

    /// Runs the chain until so many have been killed: each time every stage does its work once, and nothing is left.
    ///
    /// - Parameters:
    ///   - pause: milliseconds between two kills.
    ///   - kill: kills something of the run, and says how many.
    private func surviveKills(
        of chain: Chain, _ sky: SkyUnderTest, seed: UInt64, atMost pause: Int, _ kill: (_ run: String) -> Int
    ) async throws {
        var random = SeededGenerator(seed: seed)
        var killed = 0
        while killed < kills {
            let run = try await chain.launch()
            killed += try await chain.follow(run) {
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...pause, using: &random)))
                return kill(run)
            }
            let status = try await sky.status(of: run)
            #expect(status.state == "succeeded")
            try await chain.expectWorkDoneOnce(in: status)
            try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
        }
    }

    @Test("one job outlives any number of agents")
    func oneLongJob() async throws {
        try await SkyUnderTest.use { sky in
            let file = try sky.write(
                """
                name: long
                stages:
                  wait:
                    resources: {infra: local, cpus: 1+}
                    run: |
                      echo begun >> "\(sky.home)/ledger"
                      while [ ! -e "\(sky.home)/go" ]; do sleep 0.1; done
                """)
            let launch = try await sky("launch", file, "--yes", "--detach")
            let run = try sky.runName("long", in: launch)
            var killed = 0
            try await sky.wait("a dozen agents have died") {
                if Files.exists("\(sky.home)/ledger") { killed += sky.killAgents() }
                return killed >= 12
            }
            _ = try sky.write("", as: "go")
            try await sky.wait("the run has ended") { try await sky.status(of: run).state != "running" }
            let status = try await sky.status(of: run)
            #expect(status.state == "succeeded")
            #expect(try status.stage("wait").attempts == 1)
            #expect(try sky.text(of: "\(sky.home)/ledger") == "begun\n")
            try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
        }
    }

    @Test("a job whose agent and driver were both killed is found again by the next ones")
    func agentAndDriver() async throws {
        try await SkyUnderTest.use { sky in
            let chain = Chain(sky, name: "both", work: "sleep 0.4")
            try await surviveKills(of: chain, sky, seed: 12, atMost: 400) { run in
                sky.kill(whoseCommandHas: "driver \(run)") + sky.killAgents()
            }
        }
    }

    @Test("jobs that are killed are tried again as often as their stage allows")
    func jobs() async throws {
        try await SkyUnderTest.use { sky in
            let chain = Chain(sky, name: "jobs", work: "sleep 0.3", rules: "    retries: 1000\n")
            var random = SeededGenerator(seed: 13)
            let run = try await chain.launch()
            var killed = 0
            _ = try await chain.follow(run) {
                // No more than so many, so that it ends: each costs a pause that grows.
                guard killed < 5 else { return 0 }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...600, using: &random)))
                let jobs = sky.kill(whoseCommandHas: "/run.sh")
                killed += jobs
                return jobs
            }
            let status = try await sky.status(of: run)
            #expect(status.state == "succeeded")
            // A try that was killed may have done its work just before; the one that counts has done it just once.
            let lines = try chain.lines()
            for stage in status.stages {
                #expect(lines.count { $0 == "\(stage.stage) \(stage.attempts)" } == 1, "\(lines)")
            }
            #expect(Set(lines).count == lines.count, "\(lines)")
            try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
        }
    }

    @Test("without retries, a job that is killed fails its stage, and the reason names the signal")
    func oneJob() async throws {
        try await SkyUnderTest.use { sky in
            let file = try sky.write(
                """
                name: victim
                stages:
                  nap:
                    resources: {infra: local, cpus: 1+}
                    run: exec sleep 100000
                """)
            let launch = try await sky("launch", file, "--yes", "--detach")
            let run = try sky.runName("victim", in: launch)
            try await sky.wait("the job runs") { !sky.processes(whoseCommandHas: "sleep 100000").isEmpty }
            #expect(sky.kill(whoseCommandHas: "sleep 100000") == 1)
            try await sky.wait("the run has ended") { try await sky.status(of: run).state == "failed" }
            let status = try await sky("status", run)
            #expect(status.output.contains("exit code 137") && status.output.contains("SIGKILL"), "\(status.output)")
            try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
        }
    }
}
