import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// `sky stop` and `sky start` where nothing can be stopped: what was rented is given back, and rented anew.
@Suite("Stopping a run for a while", .timeLimit(.minutes(5)))
struct StopStartTests {
    private static let pipeline = """
        name: pause
        stages:
          prepare:
            resources: {infra: local, cpus: 1+}
            outputs: [data]
            run: echo prepared > $SKY_OUTPUT_DATA
          count:
            resources: {infra: local, cpus: 1+}
            inputs: {data: prepare.data}
            checkpoint: {path: ckpt, every: 10m}
            run: |
              mkdir -p "$SKY_CHECKPOINT_DIR"
              cat "$SKY_CHECKPOINT_DIR/mark" 2>/dev/null && exit 0
              trap 'echo "went on from the checkpoint" > "$SKY_CHECKPOINT_DIR/mark"; exit 1' TERM
              echo begun; while :; do sleep 0.1; done
        """

    @Test(
        "gives back what cannot be stopped, says so before, and goes on from what the job saved when it was asked to end"
    )
    func givesBack() async throws {
        try await SkyUnderTest.use { sky in
            let launch = try await sky("launch", try sky.write(Self.pipeline), "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.errors)")
            let run = try sky.runName("pause", in: launch)
            try await sky.wait("the job runs") {
                try await sky("logs", run, "count").output.contains("begun")
            }
            let stop = try await sky("stop", run, "--yes")
            #expect(stop.exitCode == 0, "\(stop.output)\(stop.errors)")
            #expect(stop.errors.contains("given back") && stop.errors.contains("cannot be stopped"), "\(stop.errors)")
            #expect(try await sky.status(of: run).state == "stopped")
            try await sky.wait("nothing of it runs, its broker included") { sky.processes.isEmpty }
            // Looking at it neither starts it nor a broker.
            #expect(try await sky("status").output.contains("stopped"))
            #expect(sky.processes.isEmpty)
            #expect(try await sky("resume", run).exitCode == 2)
            #expect(try await sky("stop", run, "--yes").exitCode == 0)
            #expect(try await sky("gc").exitCode == 0)

            let start = try await sky("start", run)
            #expect(start.exitCode == 0, "\(start.output)\(start.errors)")
            #expect(try await sky("logs", run, "count").output.contains("went on from the checkpoint"))
            let status = try await sky.status(of: run)
            #expect(status.state == "succeeded")
            #expect(try await sky("start", run).exitCode == 2)
        }
    }

    @Test("a broker that is killed while it stops or starts a run is followed by one that goes on with it")
    func killed() async throws {
        try await SkyUnderTest.use { sky in
            let launch = try await sky("launch", try sky.write(Self.pipeline), "--yes", "--detach")
            let run = try sky.runName("pause", in: launch)
            try await sky.wait("the job runs") { try await sky("logs", run, "count").output.contains("begun") }
            _ = try await sky.run(sky.binary, ["stop", run, "--yes", "--wait", "0s"])
            _ = sky.kill(whoseCommandHas: "driver \(run)")
            #expect(try await sky("stop", run, "--yes").exitCode == 0)
            #expect(try await sky.status(of: run).state == "stopped")
            #expect(try await sky("start", run, "--detach").exitCode == 0)
            _ = sky.kill(whoseCommandHas: "driver \(run)")
            // It may have come to its end before it was killed.
            _ = try await sky("start", run)
            try await sky.wait("the run is done") { try await sky.status(of: run).state == "succeeded" }
        }
    }

    @Test("a stopped run that is taken down has ended, and nothing of it is left")
    func down() async throws {
        try await SkyUnderTest.use { sky in
            let launch = try await sky("launch", try sky.write(Self.pipeline), "--yes", "--detach")
            let run = try sky.runName("pause", in: launch)
            try await sky.wait("the job runs") { try await sky("logs", run, "count").output.contains("begun") }
            #expect(try await sky("stop", run, "--yes").exitCode == 0)
            #expect(try await sky("down", run, "--yes").exitCode == 0)
            #expect(try await sky.status(of: run).state == "cancelled")
            #expect(sky.processes.isEmpty)
        }
    }
}
