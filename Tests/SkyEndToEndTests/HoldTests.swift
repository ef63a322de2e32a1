import SkyTestSupport
import Testing

/// Nodes of a stage that has failed, kept for whoever launched it.
@Suite("Kept nodes", .timeLimit(.minutes(5)))
struct HoldTests {
    private func held(_ sky: SkyUnderTest) async throws -> String {
        let file = try sky.write(
            """
            name: oops
            stages:
              train:
                resources: {infra: local}
                num_nodes: 2
                envs: {LR: "0.1"}
                run: |
                  echo "$SKY_NODE_RANK" > found
                  test "$SKY_NODE_RANK" = 0 && sleep 2 || sleep 30
                  exit 3
            """)
        let launch = try await sky("launch", file, "--yes", "--detach", "--keep-on-failure", "30m")
        let run = try sky.runName("oops", in: launch)
        try await sky.wait("the stage is held") { try await sky.status(of: run).stage("train").state == "held" }
        return run
    }

    @Test("a shell gets to where the stage failed, on each of its nodes, and 'down' gives them back at once")
    func shell() async throws {
        try await SkyUnderTest.use { sky in
            let run = try await held(sky)
            let status = try await sky("status", run)
            #expect(status.output.contains("sky ssh \(run) train"), "\(status.output)")
            let first = try await sky("ssh", run, "train", "--", "cat found; echo $LR; exit 7")
            #expect(first.exitCode == 7 && first.output == "0\n0.1\n", "\(first)")
            let second = try await sky("ssh", run, "train", "1", "--", "cat", "found")
            #expect(second.exitCode == 0 && second.output == "1\n", "\(second)")
            let third = try await sky("ssh", run, "train", "2", "--", "true")
            #expect(third.exitCode == 2 && third.errors.contains("its ranks are 0 to 1"), "\(third)")
            let down = try await sky("down", run, "--yes")
            #expect(down.exitCode == 0, "\(down)")
            #expect(try await sky.status(of: run).state == "failed")
            #expect(sky.processes.isEmpty)
            let late = try await sky("ssh", run, "train")
            #expect(late.exitCode == 2 && late.errors.contains("has no job on a node"), "\(late)")
        }
    }

    @Test("a driver that dies meanwhile is followed by one that keeps them on")
    func killed() async throws {
        try await SkyUnderTest.use { sky in
            let run = try await held(sky)
            #expect(sky.kill(whoseCommandHas: "driver \(run)") == 1)
            let resumed = try await sky("resume", run, "--detach")
            #expect(resumed.exitCode == 0, "\(resumed)")
            #expect(try await sky.status(of: run).stage("train").state == "held")
            let inside = try await sky("ssh", run, "train", "--", "cat found")
            #expect(inside.output == "0\n", "\(inside)")
            let cancelled = try await sky("cancel", run)
            #expect(cancelled.exitCode == 0 && sky.processes.isEmpty, "\(cancelled)")
        }
    }

    @Test("a length of time that is none starts nothing")
    func wrong() async throws {
        try await SkyUnderTest.use { sky in
            let file = try sky.write("name: x\nrun: true\n")
            let launch = try await sky("launch", file, "--yes", "--keep-on-failure", "long")
            #expect(launch.exitCode == 2 && launch.errors.contains("--keep-on-failure 30m"), "\(launch)")
        }
    }
}
