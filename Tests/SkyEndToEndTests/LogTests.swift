import SkyTestSupport
import Testing

/// What stages print, seen by whoever launched them.
@Suite("Logs of stages", .timeLimit(.minutes(5)))
struct LogTests {
    @Test("both streams are shown together, and each by itself, after the node is gone too")
    func streams() async throws {
        try await SkyUnderTest.use { sky in
            let file = try sky.write(
                """
                name: talk
                stages:
                  say:
                    resources: {infra: local}
                    limits: {log: 1MB}
                    run: echo out; echo err >&2; printf '\\377\\n' >&2; sleep 0.3; echo more
                """)
            let launch = try await sky("launch", file, "--yes")
            #expect(launch.exitCode == 0, "\(launch)")
            let run = try sky.runName("talk", in: launch)
            let output = try await sky("logs", run, "say", "--stdout")
            #expect(output.output == "out\nmore\n", "\(output)")
            let errors = try await sky("logs", run, "say", "--stderr")
            #expect(errors.output == "err\n\u{fffd}\n", "\(errors)")
            let both = try await sky("logs", run, "say")
            #expect(both.output.hasSuffix("more\n") && both.output.contains("err\n"), "\(both)")
            let neither = try await sky("logs", run, "say", "--stderr", "--stdout")
            #expect(neither.exitCode == 2, "\(neither)")
        }
    }
}
