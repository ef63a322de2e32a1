import SkyProcess
import SkyTestSupport
import Testing

/// Data of hosts elsewhere that are in Google's and Azure's stores, for everybody who may speak to these.
@Suite(
    "Nodes that reach Google's and Azure's stores", .tags(.integration), .serialized, .timeLimit(.minutes(15)))
struct CloudGrantTests {
    enum Speaker: String, CaseIterable {
        case person = "a person at Google"
        case key = "a service account with its key"
        case account = "a service account whose key nobody has"
        case azureToken = "an identity at Azure"

        func bucket(_ name: String) -> String {
            self == .azureToken ? "az://\(LoopbackAzure.account)/\(name)" : "gs://\(name)"
        }
    }

    /// Hosts of a pool, and a person with buckets at both services.
    static func use(_ body: (SkyUnderTest, SSHFarm, _ bucket: String) async throws -> Void) async throws {
        try await SSHFarm.use(2, withoutRights: true) { farm in
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await CloudStorageTests.use { plain in
                let sky = plain.with(plain.variables.merging(["XDG_RUNTIME_DIR": "\(farm.folder)/run"]) { $1 })
                let name = try await CloudStorageTests.bucket(sky)
                try Files.makeFolder("\(sky.home)/config")
                _ = try sky.write(
                    "ssh_config: \(farm.config)\npools: {rack: {cores: 8, memory: 32, price: 0.01, hosts: [m1, m2]}}\n",
                    as: "config/ssh.yaml")
                try await body(sky, farm, name)
            }
        }
    }

    /// The environment in which somebody speaks.
    static func variables(_ speaker: Speaker, _ sky: SkyUnderTest) async throws -> [String: String] {
        var variables = sky.variables
        let (google, azure) = (try await LoopbackGCS.shared(), try await LoopbackAzure.shared())
        variables["CLOUDSDK_API_ENDPOINT_OVERRIDES_STS"] = "\(google.url)/"
        switch speaker {
        case .person: break
        case .key, .account:
            variables["STORAGE_EMULATOR_HOST"] = nil
            variables["CLOUDSDK_AUTH_ACCESS_TOKEN"] = nil
            variables["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"] = "\(google.url)/"
            variables["CLOUDSDK_AUTH_TOKEN_HOST"] = "\(google.url)/token"
            let file = "\(sky.home)/account.json"
            variables["GOOGLE_APPLICATION_CREDENTIALS"] = file
            if speaker == .account {
                _ = try sky.write(LoopbackGCS.impersonation(at: google), as: "account.json")
            } else {
                let got = try await sky.run("/usr/bin/curl", ["-sf", "-o", file, "\(google.url)/_account"])
                try #require(got.exitCode == 0)
            }
        case .azureToken:
            variables["AZURE_STORAGE_CONNECTION_STRING"] = nil
            variables["AZURE_STORAGE_SERVICE_ENDPOINT"] = "\(azure.url)/\(LoopbackAzure.account)"
            variables["IDENTITY_ENDPOINT"] = "\(azure.url)/msi"
            variables["IDENTITY_HEADER"] = "pass"
        }
        return variables
    }

    @Test("inputs and outputs go straight, and nobody's token goes to a host", arguments: Speaker.allCases)
    func straight(speaker: Speaker) async throws {
        try await Self.use { plain, farm, name in
            let sky = plain.with(try await Self.variables(speaker, plain))
            let bucket = speaker.bucket(name)
            _ = try sky.write("stores: {ssh: \(bucket)/sky}\n", as: "config/stores.yaml")
            _ = try StorageTests.random(12_000_000, at: "\(sky.home)/in/deep/long.bin")
            _ = try sky.write("short", as: "in/a")
            let copied = try await sky("storage", "cp", "-r", "\(sky.home)/in", "\(bucket)/in")
            try #require(copied.exitCode == 0, "\(copied.errors)")
            let path = try sky.write(
                """
                name: straight
                stages:
                  make:
                    inputs: {raw: \(bucket)/in/}
                    outputs: {data: {size: 1KB}}
                    resources: {infra: ssh, cpus: 1+}
                    run: |
                      mkdir "$SKY_OUTPUT_DATA" && cp "$SKY_INPUT_RAW/deep/long.bin" "$SKY_INPUT_RAW/a" "$SKY_OUTPUT_DATA"
                      echo more >> "$SKY_OUTPUT_DATA/long.bin"
                  read:
                    inputs: {data: make.data}
                    resources: {infra: ssh, cpus: 1+}
                    run: wc -c < "$SKY_INPUT_DATA/long.bin" && cat "$SKY_INPUT_DATA/a"
                """, as: "p.yaml")
            // A broker that may write no file of more than 8 MiB cannot have had it.
            let launch = try await sky.run(
                "/bin/bash", ["-c", "ulimit -f 8192; exec '\(sky.binary)' launch '\(path)' --yes"])
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("straight", in: launch)
            let logs = try await sky("logs", run, "read").output
            #expect(logs.contains("12000005") && logs.contains("short"), "\(logs)")
            let log = try await sky.run(
                "/bin/sh", ["-c", "grep -rhE 'straight|by way of|lets read more' '\(sky.home)/state' || true"]
            ).output
            for words in ["inputs/raw came straight from", "outputs/data went straight to"] {
                #expect(log.contains(words), "\(log)")
            }
            #expect(!log.contains("by way of") && !log.contains("lets read more"), "\(log)")
            let left = try await sky.run(
                "/bin/sh",
                ["-c", "grep -rlE '\(LoopbackGCS.token)|X-Goog-Signature|narrowed-|skoid=' '\(farm.folder)' || true"])
            #expect(left.output.isEmpty, "\(left.output)")
        }
    }
}
