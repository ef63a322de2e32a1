import FoundationEssentials
import Glibc
import SkyTestSupport
import Testing

/// The whole house with a wall clock that is set hours ahead and back while it works.
@Suite("A clock that jumps", .timeLimit(.minutes(15)))
struct ClockTests {
    /// Machines that cost something: a meter that counts hours that never were is found out by the budget.
    private static let head = "budget: {limit: $0.05, at_limit: stop}\nlease: 1h\n"
    private static let reason: Comment = "no C compiler is here to make a clock that jumps: what one does is NOT tested"

    @Test(
        "by hours in the middle of a run changes neither its money nor its waits nor its leases",
        .enabled(if: JumpingClock.isPossible, reason), arguments: [false, true])
    func jumps(withDeadDrivers: Bool) async throws {
        try await SkyUnderTest.use { plain in
            let clock = try await JumpingClock(in: plain.home)
            let sky = plain.with(clock.environment)
            let chain = Chain(sky, name: "clock", work: "sleep 0.4", infra: "aws", head: Self.head)
            var random = SeededGenerator(seed: withDeadDrivers ? 20 : 19)
            let run = try await chain.launch()
            let jumps = try await chain.follow(run) {
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
                // More than any phase may take, and than the lease.
                try clock.set(ahead: Int64.random(in: -12 * 3600...12 * 3600, using: &random))
                if withDeadDrivers { _ = sky.kill(whoseCommandHas: "driver \(run)") }
                return 1
            }
            #expect(jumps > 0)
            try clock.set(ahead: 0)
            let status = try await sky.status(of: run)
            try await chain.expectWorkDoneOnce(in: status)
            let cost = try #require(Double(status.cost_usd))
            // The price of hours would be more than all of the budget.
            #expect(cost > 0 && cost < 0.05, "\(cost)")
            try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
        }
    }

    @Test(
        "does not keep a service from being ready, nor a watcher from seeing it",
        .enabled(if: JumpingClock.isPossible, reason), arguments: [(hours: -8, port: 18_090), (hours: 8, port: 18_091)])
    func service(hours: Int64, port: Int) async throws {
        try await SkyUnderTest.use { plain in
            let clock = try await JumpingClock(in: plain.home)
            let sky = plain.with(clock.environment)
            let file = try sky.write(
                """
                name: late
                stages:
                  serve:
                    resources: {infra: local, cpus: 1+}
                    service: {port: \(port), readiness_probe: {path: /, initial_delay_seconds: 120}}
                    run: |
                      while [ ! -e "\(sky.home)/go" ]; do sleep 0.1; done
                      exec python3 -m http.server --bind 127.0.0.1 "$SKY_SERVICE_PORT"
                """)
            let launch = try await sky("launch", file, "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch)")
            let run = try sky.runName("late", in: launch)
            try await sky.wait("it starts") { try await sky.status(of: run).stage("serve").state == "starting" }
            try clock.set(ahead: hours * 3600)
            _ = try sky.write("", as: "go")
            try await sky.wait("it serves") {
                let state = try await sky.status(of: run).state
                try #require(state == "running" || state == "serving")
                return state == "serving"
            }
            let down = try await sky("down", run, "--yes")
            #expect(down.exitCode == 0, "\(down)")
            try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
        }
    }
}
