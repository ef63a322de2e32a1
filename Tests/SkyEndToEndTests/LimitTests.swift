import SkyTestSupport
import Testing

/// What a stage may take of a node's time, kept by the node itself.
@Suite("Limits of stages", .timeLimit(.minutes(5)))
struct LimitTests {
    @Test("a stage that takes longer than its timeout fails and says so, and nothing of it is left")
    func timeout() async throws {
        try await SkyUnderTest.use { sky in
            let file = try sky.write(
                """
                name: slow
                stages:
                  nap:
                    resources: {infra: local}
                    timeout: 1s
                    run: setsid sleep 100000 & exec sleep 100000
                """)
            let launch = try await sky("launch", file, "--yes")
            #expect(launch.exitCode == 1)
            #expect(
                (launch.output + launch.errors).contains("the command took longer than its timeout of 1s"), "\(launch)")
            #expect(sky.processes.isEmpty)
        }
    }
}
