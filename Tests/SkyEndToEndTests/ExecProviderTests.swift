import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// A provider whose API a program speaks: the one of Examples/exec-adapter, in a person's own folder.
@Suite("A provider out of process", .timeLimit(.minutes(10)))
struct ExecProviderTests {
    private func withLoopback(_ body: (SkyUnderTest) async throws -> Void) async throws {
        try await SkyUnderTest.use { sky in
            let own = "\(sky.home)/config/providers"
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: "\(sky.repository)/Examples/exec-adapter/loopback", toPath: "\(own)/loopback")
            do { try await body(sky) } catch {
                endMachines(of: sky)
                throw error
            }
            endMachines(of: sky)
        }
    }

    /// What the example's machines run has their folders in its command lines or variables.
    private func machines(of sky: SkyUnderTest) -> [Int32] {
        let folder = "\(sky.home)/state/nodes/loopback/.program/"
        return ProcessTable.all().map(\.pid).filter { pid in
            pid != getpid()
                && ["cmdline", "environ"].contains { name in
                    guard let bytes = (try? Files.read("/proc/\(pid)/\(name)")) ?? nil else { return false }
                    return String(decoding: bytes, as: UTF8.self).contains(folder)
                }
        }
    }

    private func endMachines(of sky: SkyUnderTest) {
        for pid in machines(of: sky) { kill(pid, SIGKILL) }
    }

    @Test("the example of a hundred lines keeps all that every adapter keeps")
    func conformance() async throws {
        try await withLoopback { sky in
            let answer = try await sky("provider", "test", "loopback", "--yes")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            #expect(!answer.output.contains("BROKEN"), "\(answer.output)")
            try await sky.wait("nothing of its machines is left") { machines(of: sky).isEmpty }
        }
    }

    @Test("a stage runs there, and is gone afterwards")
    func launch() async throws {
        try await withLoopback { sky in
            let file = try sky.write(
                """
                name: away
                stages:
                  one: {run: 'echo "on port $SSH_CONNECTION" | wc -w', resources: {infra: loopback}}
                """)
            let answer = try await sky("launch", file, "--yes")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            #expect(try await sky("gc").exitCode == 0)
            try await sky.wait("nothing of its machines is left") { machines(of: sky).isEmpty }
        }
    }

    @Test("a mistake in what is said of the program is shown by sky check")
    func mistake() async throws {
        try await withLoopback { sky in
            let path = "\(sky.home)/config/providers/loopback/provider.yaml"
            let text = try sky.text(of: path).replacing("./cloud.py", with: "./clouds.py")
            try Data(text.utf8).write(to: URL(filePath: path))
            let answer = try await sky("check")
            #expect(answer.output.contains("there is no program"), "\(answer.output)\(answer.errors)")
        }
    }
}
