import SkyTestSupport
import Testing

/// Commands beside a stage's own, on the nodes that it holds.
@Suite("Commands on held nodes", .timeLimit(.minutes(5)))
struct ExecTests {
    @Test("run with the stage's folder and variables, wait for their turn, are listed and can be ended")
    func exec() async throws {
        try await SkyUnderTest.use { sky in
            let file = try sky.write(
                """
                name: host
                stages:
                  train:
                    resources: {infra: local}
                    envs: {LR: "0.1"}
                    setup: echo x >> count
                    run: until [ -e go ]; do sleep 0.05; done; exit 3
                """)
            let launch = try await sky("launch", file, "--yes", "--detach", "--keep-on-failure", "30m")
            let run = try sky.runName("host", in: launch)
            try await sky.wait("the stage runs") { try await sky.status(of: run).stage("train").state == "running" }
            try await sky.wait("its setup is done") {
                try await sky("exec", run, "train", "--", "test -s count").exitCode == 0
            }
            let beside = try await sky("exec", run, "train", "--", "echo $LR; echo oops >&2; wc -l < count; exit 5")
            #expect(beside.exitCode == 1 && beside.output == "0.1\n1\n", "\(beside)")
            #expect(beside.errors.contains("oops\n") && beside.errors.contains("exit code 5"), "\(beside)")

            let none = try await sky("exec", run, "train", "--devices", "1", "--", "true")
            #expect(none.exitCode == 2 && none.errors.contains("the node has 0"), "\(none)")
            let mine = try await sky("exec", run, "train", "--cpus", "1", "--detach", "--", "exec sleep 100000")
            #expect(mine.exitCode == 0, "\(mine)")
            let queue = try await sky("queue", run)
            #expect(queue.output.contains("sleep 100000") && queue.output.contains("\(run)--train--1"), "\(queue)")
            let top = try await sky("top", run, "--output", "json")
            #expect(
                top.exitCode == 0 && top.output.contains("\"stage\" : \"train\"")
                    || top.output.contains("\"stage\": \"train\""), "\(top)")
            let screen = try await sky("top", run, "train")
            #expect(screen.exitCode == 0 && screen.output.contains("MACHINE"), "\(screen)")
            let name = try #require(mine.errors.split(separator: " ").first.map(String.init))
            let ended = try await sky("queue", run, "--cancel", name)
            #expect(ended.exitCode == 0, "\(ended)")
            #expect(sky.processes(whoseCommandHas: "sleep 100000").isEmpty)
            let again = try await sky("queue", run, "train", "--cancel", name)
            #expect(again.exitCode == 2, "\(again)")

            _ = try await sky("ssh", run, "train", "--", "touch go")
            try await sky.wait("the stage is held") { try await sky.status(of: run).stage("train").state == "held" }
            let held = try await sky("exec", run, "train", "--", "echo still here")
            #expect(held.exitCode == 0 && held.output == "still here\n", "\(held)")
            let json = try await sky("queue", run, "--output", "json")
            #expect(json.output.contains("\"jobs\""), "\(json)")
            _ = try await sky("down", run, "--yes")
            #expect(sky.processes.isEmpty)
        }
    }
}
