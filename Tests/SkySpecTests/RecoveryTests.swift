import SkyCore
import SkySpec
import Testing

@Suite("How a stage is begun again")
struct RecoveryTests {
    @Test(
        "retries and SkyPilot's job_recovery say the same",
        arguments: [
            ("retries: 3", JobRecovery(maxRestartsOnErrors: 3)),
            ("retries: 0", JobRecovery()),
            ("retries: {max: 3, backoff: 10s}", JobRecovery(maxRestartsOnErrors: 3, backoff: .seconds(10))),
            (
                "retries: {exit_codes: 33, strategy: failover}",
                JobRecovery(strategy: .failover, recoverOnExitCodes: [33])
            ),
            ("resources: {job_recovery: failover}", JobRecovery(strategy: .failover)),
            ("resources: {spot_recovery: EAGER_NEXT_REGION}", JobRecovery(strategy: .eagerNextRegion)),
            (
                "resources: {job_recovery: {strategy: , max_restarts_on_errors: 3, recover_on_exit_codes: 33}}",
                JobRecovery(maxRestartsOnErrors: 3, recoverOnExitCodes: [33])
            ),
            ("resources: {job_recovery: {recover_on_exit_codes: [1, 2, 1]}}", JobRecovery(recoverOnExitCodes: [1, 2])),
            (
                "resources: {job_recovery: {max_restarts_on_errors: 2}, any_of: [{cpus: 2}, {memory: 4}]}",
                JobRecovery(maxRestartsOnErrors: 2)
            ),
        ])
    func forms(field: String, recovery: JobRecovery) throws {
        let read = try read("run: x\n\(field)\n")
        #expect(read.pipeline.stages[0].jobRecovery == recovery)
        #expect(read.warnings.isEmpty)
    }

    @Test("a file that says nothing leaves it open", arguments: ["run: x", "run: x\nresources: {job_recovery: none}"])
    func silence(text: String) throws {
        #expect(try stage(text).jobRecovery == nil)
    }

    @Test("two ways for one stage are a contradiction")
    func contradictions() {
        let both = complaints(about: "run: x\nretries: 3\nresources: {job_recovery: failover}\n")
        #expect(both.map(\.code) == ["spec.conflict"])
        let differing = "[{cpus: 2, job_recovery: failover}, {cpus: 4, job_recovery: eager_next_region}]"
        #expect(complaints(about: "run: x\nresources: {any_of: \(differing)}\n").map(\.code) == ["spec.conflict"])
    }
}
