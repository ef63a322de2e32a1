import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// Small GPU clouds whose APIs files describe, as a person uses them: on emulators, with sshds for machines.
@Suite("Small GPU clouds", .timeLimit(.minutes(10)))
struct GPUCloudTests {
    private func withCloud(
        _ name: String, hosts: Int, _ body: (SkyUnderTest, EmulatedCloud) async throws -> Void
    ) async throws {
        try await SkyUnderTest.use { sky in
            try await SSHFarm.use(hosts) { farm in
                let emulator = try await EmulatedCloud(name, on: farm, tellsPorts: name == "runpod")
                let user = String(cString: getpwuid(getuid()).pointee.pw_name)
                // The machines are processes of this one: nothing is switched off.
                _ = try sky.write(
                    """
                    \(name):
                      endpoint: \(emulator.url)
                      user: \(user)
                      ssh_key: \(farm.folder)/id
                      ssh_config: \(emulator.sshConfig)
                      power_off: touch '\(farm.folder)/powered-off'
                    """, as: "clouds.yaml")
                try FileManager.default.createDirectory(
                    atPath: "\(sky.home)/config/providers/\(name)", withIntermediateDirectories: true)
                try FileManager.default.moveItem(
                    atPath: "\(sky.home)/clouds.yaml", toPath: "\(sky.home)/config/clouds.yaml")
                // A loopback tells at once what it has heard.
                let text = try sky.text(of: "\(sky.repository)/providers/\(name)/rest.yaml")
                let quick = text.replacing(/\n(settling|pace): \d+m?s/, with: { "\n\($0.1): 1s" })
                    .replacing("pace: 1s", with: "pace: 1ms")
                try Data(quick.utf8).write(to: URL(filePath: "\(sky.home)/config/providers/\(name)/rest.yaml"))
                try await body(
                    sky.with([
                        "RUNPOD_API_KEY": "test-key", "VERDA_CLIENT_ID": "test-id",
                        "VERDA_CLIENT_SECRET": "test-secret", "SKY_HTTP_RECORD": "\(sky.home)/recording",
                        "LAMBDA_API_KEY": "test-key",
                    ]), emulator)
            }
        }
    }

    @Test(
        "they keep all that every adapter keeps, and what is recorded has no secret in it",
        arguments: ["runpod", "verda"])
    func conformance(_ name: String) async throws {
        try await withCloud(name, hosts: 3) { sky, _ in
            let answer = try await sky("provider", "test", name, "--yes")
            #expect(answer.exitCode == 0 && !answer.output.contains("BROKEN"), "\(answer.output)\(answer.errors)")
            #expect(try await sky("gc").exitCode == 0)
            let recordings = Files.names(in: "\(sky.home)/recording")
            #expect(!recordings.isEmpty)
            for file in recordings {
                let text = try sky.text(of: "\(sky.home)/recording/\(file)")
                #expect(!text.contains("test-key") && !text.contains("test-secret"), "\(file)")
            }
        }
    }

    @Test("a stage runs on a machine of theirs, and nothing is left")
    func launch() async throws {
        try await withCloud("verda", hosts: 1) { sky, _ in
            let file = try sky.write(
                """
                name: away
                stages:
                  one: {run: 'echo far away', resources: {infra: verda/FIN-03, cpus: 4}}
                """)
            let answer = try await sky("launch", file, "--yes")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            #expect(try await sky("gc").exitCode == 0)
        }
    }

    @Test("a file that is wrong is told of with its place, and the cloud is not used")
    func mistake() async throws {
        try await withCloud("verda", hosts: 1) { sky, _ in
            let path = "\(sky.home)/config/providers/verda/rest.yaml"
            let text = try sky.text(of: path).replacing("{{region}}", with: "{{regoin}}")
            try Data(text.utf8).write(to: URL(filePath: path))
            let answer = try await sky("check")
            #expect(answer.output.contains("'regoin' stands for nothing here"), "\(answer.output)\(answer.errors)")
        }
    }

    @Test(
        "the broker is killed between any two calls of a launch: never two machines, and none is left",
        arguments: HeldCall.When.allCases)
    func killedAnywhere(_ when: HeldCall.When) async throws {
        try await withCloud("lambda", hosts: 2) { sky, emulator in
            let kills = try await KilledLaunches(
                sky: sky, cloud: emulator, resources: "{infra: lambda/us-east-1, cpus: 4}", from: "GET /instances"
            ).everywhere([when], named: ["POST /instance-operations/launch", "POST /instance-operations/terminate"]) {
                let rented = try emulator.insides().rented
                #expect(rented == [])
            }
            #expect(kills > 3, "a launch has more calls, however few looks it takes")
        }
    }
}
