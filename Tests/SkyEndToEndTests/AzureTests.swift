import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// `sky`, as a person types it, renting from Azure as its emulator plays it: sshds of this machine stand for the machines.
@Suite("Machines of Azure, from the command line", .tags(.integration), .timeLimit(.minutes(20)))
struct AzureTests {
    private func use(
        _ hosts: Int, _ body: (SkyUnderTest, AzureEmulator, SSHFarm) async throws -> Void
    ) async throws {
        try await SSHFarm.use(hosts) { farm in
            let emulator = try await AzureEmulator(on: farm)
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await SkyUnderTest.use { plain in
                try Files.makeFolder("\(plain.home)/config")
                _ = try plain.write(
                    """
                    azure:
                      subscription: Testing
                      metadata: \(emulator.url)
                      endpoint: \(emulator.url)
                      ssh_config: \(emulator.sshConfig)
                      ssh_key: \(farm.folder)/id
                      user: \(String(cString: getpwuid(getuid()).pointee.pw_name))
                      power_off: none
                    """, as: "config/clouds.yaml")
                let sky = plain.with(
                    AzureEmulator.principal.merging([
                        "XDG_RUNTIME_DIR": "\(farm.folder)/run", "AZURE_AUTHORITY_HOST": emulator.url,
                        "AZURE_CONFIG_DIR": "\(farm.folder)/none",
                    ]) { $1 })
                try await body(sky, emulator, farm)
            }
        }
    }

    private func expectNothingLeft(_ emulator: AzureEmulator, _ farm: SSHFarm) throws {
        #expect(try emulator.insides().things == [])
        #expect(farm.hosts.flatMap { $0.processes() } == [])
    }

    @Test("sky provider test azure: all of it is kept, and nothing is left")
    func conformance() async throws {
        try await use(3) { sky, emulator, farm in
            let answer = try await sky("provider", "test", "azure", "--yes", "--output", "json")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            try expectNothingLeft(emulator, farm)
            #expect(try await sky("gc").exitCode == 0)
            let check = try await sky("check")
            #expect(check.output.contains("application sky-test"), "\(check.output)\(check.errors)")
        }
    }

    @Test("support-tickets: personal data are stripped on a confidential machine of Azure's, and all is given back")
    func wholeLife() async throws {
        try await use(1) { sky, emulator, farm in
            let launch = try await sky("launch", try sky.supportTickets(port: try #require(freePort())), "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("support-tickets", in: launch)
            #expect(try await sky.status(of: run).stages.map(\.provider) == ["azure", "gcp", "aws"])
            let events = try await sky("events", run)
            #expect(events.output.contains("Azure says: ConfidentialVM, virtual TPM, secure boot"), "\(events.output)")
            #expect(try emulator.insides().made == 1)
            for folder in farm.hosts.map(\.home) + ["\(sky.home)/state"] {
                for secret in ["client-SECRET", "eyJhbGciOi"] {
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

    @Test("a spot machine says that it will be taken, and what the stage has is saved at once")
    func notice() async throws {
        try await use(1) { sky, emulator, farm in
            let pipeline = try sky.write(
                """
                name: save
                stages:
                  only:
                    resources: {infra: azure/eastus, instance_type: Standard_D2s_v3, use_spot: true}
                    checkpoint: {path: saved, every: 1h}
                    run: |
                      mkdir -p "$SKY_CHECKPOINT_DIR"
                      echo 7 > "$SKY_CHECKPOINT_DIR/n"
                      echo ready
                      sleep 600
                """)
            let launch = try await sky("launch", pipeline, "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("save", in: launch)
            try await sky.wait("it is ready") { try await sky("logs", run, "only").output.contains("ready") }
            let machine = try #require(try emulator.insides().machines.first)
            try emulator.tell(#"{"announce": ["\#(machine)", 30]}"#)
            try await sky.wait("it is saved") {
                try await sky("events", run).output.contains("checkpoint 1 saved")
            }
            #expect(try await sky("events", run).output.contains("the provider will take the nodes"))
            #expect(try await sky("down", run, "--yes").exitCode == 0)
            try expectNothingLeft(emulator, farm)
        }
    }

    @Test(
        "the broker is killed between any two calls of a launch: never two machines, and nothing is left",
        arguments: HeldCall.When.allCases)
    func killedAnywhere(_ when: HeldCall.When) async throws {
        try await use(2) { sky, emulator, farm in
            let kills = try await KilledLaunches(
                sky: sky, cloud: emulator, resources: "{infra: azure/eastus, instance_type: Standard_D2s_v3}",
                from: "resource[gG]roups"
            ).everywhere([when], named: ["PUT .*/virtualMachines/", "DELETE .*/resource[gG]roups/"]) {
                try expectNothingLeft(emulator, farm)
            }
            #expect(kills > 8, "a launch has more calls, however few looks it takes")
        }
    }
}
