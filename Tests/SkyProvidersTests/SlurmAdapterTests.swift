import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite(
    "A cluster that Slurm manages", .tags(.integration), .serialized, .timeLimit(.minutes(10)),
    .enabled(if: LoopbackSlurm.canRun, "\(LoopbackSlurm.obstacle ?? "")"))
struct SlurmAdapterTests {
    @Test("keeps all that is relied upon")
    func conformance() async throws {
        try await SlurmUnderTest.use { world in
            let adapter = try await world.adapter()
            let kit = try #require(
                ConformanceKit(adapter, region: "hpc", instanceType: SlurmUnderTest.wholeNode, nonce: "t1"))
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome == .kept, "\(check.id): \(outcome)")
            }
            #expect(try await world.slurm.queue().isEmpty)
        }
    }
}
