import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// `sky`, as a person types it, renting from Google Cloud as its emulator plays it: sshds of this machine stand for the machines.
@Suite("Machines of Google Cloud, from the command line", .tags(.integration), .timeLimit(.minutes(20)))
struct GoogleTests {
    private func use(
        _ hosts: Int, _ body: (SkyUnderTest, GoogleEmulator, SSHFarm) async throws -> Void
    ) async throws {
        try await SSHFarm.use(hosts) { farm in
            let emulator = try await GoogleEmulator(on: farm)
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await SkyUnderTest.use { plain in
                try Files.makeFolder("\(plain.home)/config")
                _ = try plain.write(
                    """
                    gcp:
                      project: \(GoogleEmulator.project)
                      endpoint: \(emulator.url)
                      ssh_config: \(emulator.sshConfig)
                      ssh_key: \(farm.folder)/id
                      user: \(String(cString: getpwuid(getuid()).pointee.pw_name))
                      power_off: none
                    """, as: "config/clouds.yaml")
                let login = try plain.write(GoogleEmulator.login, as: "login.json")
                let sky = plain.with([
                    "XDG_RUNTIME_DIR": "\(farm.folder)/run", "GOOGLE_APPLICATION_CREDENTIALS": login,
                    "CLOUDSDK_AUTH_TOKEN_HOST": "\(emulator.url)/token", "NO_GCE_CHECK": "true",
                ])
                try await body(sky, emulator, farm)
            }
        }
    }

    private func expectNothingLeft(_ emulator: GoogleEmulator, _ farm: SSHFarm) throws {
        let inside = try emulator.insides()
        #expect(inside.instances.isEmpty && inside.pods.isEmpty && inside.nodes.isEmpty)
        #expect(inside.firewalls.allSatisfy { $0.hasPrefix("sky-default-") })
        #expect(farm.hosts.flatMap { $0.processes() } == [])
    }

    @Test("sky provider test gcp: all of it is kept, and nothing is left")
    func conformance() async throws {
        try await use(3) { sky, emulator, farm in
            let answer = try await sky("provider", "test", "gcp", "--yes", "--output", "json")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            try expectNothingLeft(emulator, farm)
            #expect(try await sky("gc").exitCode == 0)
            let check = try await sky("check")
            #expect(check.output.contains("robot@test-project.iam.example"), "\(check.output)\(check.errors)")
        }
    }

    @Test("support-tickets: trained on a TPU of Google's, and all given back")
    func wholeLife() async throws {
        try await use(1) { sky, emulator, farm in
            let launch = try await sky("launch", try sky.supportTickets(port: try #require(freePort())), "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("support-tickets", in: launch)
            let status = try await sky.status(of: run)
            #expect(status.stages.map(\.provider) == ["azure", "gcp", "aws"])
            let inside = try emulator.insides()
            #expect(inside.calls.contains { $0.hasPrefix("POST /v2/") && $0.hasSuffix("/queuedResources") })
            #expect(inside.made == 1)
            for folder in farm.hosts.map(\.home) + ["\(sky.home)/state"] {
                for secret in ["client-SECRET", "good-refresh", "ya29."] {
                    let found = try await sky.run("/usr/bin/grep", ["-rlF", secret, folder])
                    #expect(found.output.isEmpty, "\(found.output)")
                }
            }
            let down = try await sky("down", run, "--yes")
            #expect(down.exitCode == 0, "\(down.errors)")
            try expectNothingLeft(emulator, farm)
            #expect(try await sky("gc").exitCode == 0)
        }
    }

    @Test(
        "the broker is killed between any two calls of a launch: never two machines, and none is left",
        arguments: [
            (
                "{infra: gcp/us-central1, instance_type: e2-small}", "GET .*/instances.*sky-token",
                ["POST .*/instances(\\?|$)", "DELETE .*/instances/"]
            ),
            (
                "{infra: gcp/us-east5, accelerators: tpu-v6e-1}", "POST .*/queuedResources",
                ["POST .*/queuedResources", "DELETE .*/queuedResources/"]
            ),
        ], HeldCall.When.allCases)
    func killedAnywhere(_ machine: (resources: String, from: String, named: [String]), _ when: HeldCall.When)
        async throws
    {
        try await use(2) { sky, emulator, farm in
            let kills = try await KilledLaunches(
                sky: sky, cloud: emulator, resources: machine.resources, from: machine.from
            ).everywhere([when], named: machine.named) { try expectNothingLeft(emulator, farm) }
            #expect(kills > 5, "a launch has more calls, however few looks it takes")
        }
    }
}
