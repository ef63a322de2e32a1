import SkyProcess
import SkyTestSupport
import Testing

/// A stage that wants a container, on nodes that cannot run any.
@Suite("Stages in containers", .timeLimit(.minutes(5)))
struct ContainerTests {
    @Test("a stage that wants a container fails before it begins where there is neither docker nor podman, and says so")
    func refused() async throws {
        try await SkyUnderTest.use { plain in
            let nothing = "\(plain.home)/nothing"
            try Files.makeFolder(nothing)
            let sky = plain.with(["PATH": nothing])
            let file = try sky.write(
                """
                name: boxed
                stages:
                  box:
                    num_nodes: 2
                    resources: {infra: local, image_id: "docker:some/image:1"}
                    run: echo begun
                """)
            let launch = try await sky("launch", file, "--yes")
            #expect(launch.exitCode == 1)
            let said = launch.output + launch.errors
            #expect(said.contains("has neither docker nor podman"), "\(said)")
            #expect(said.contains("some/image:1") && !said.contains("begun"), "\(said)")
            #expect(sky.processes.isEmpty)
        }
    }
}
