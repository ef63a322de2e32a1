import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

extension Tag {
    /// Needs servers of its own on this machine.
    @Tag static var integration: Self
}

@Suite("Hosts by OpenSSH", .tags(.integration), .serialized, .timeLimit(.minutes(10)))
struct SSHAdapterTests {
    @Test(
        "keep all that is relied upon, also where we are no root", arguments: getuid() == 0 ? [false, true] : [false])
    func conformance(withoutRights: Bool) async throws {
        try await SSHUnderTest.use(3, withoutRights: withoutRights) { world in
            let kit = try #require(
                ConformanceKit(
                    try world.adapter(), region: "rack", instanceType: SSHUnderTest.shape.machineType, nonce: "t1"))
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome.complaint == nil, "\(check.id): \(outcome)")
            }
            for host in world.farm.hosts { #expect(host.processes().isEmpty) }
        }
    }
}
