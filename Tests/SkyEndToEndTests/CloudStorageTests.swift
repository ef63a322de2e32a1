import FoundationEssentials
import SkyProcess
import SkyTestSupport
import Testing

/// Google's and Azure's stores by the command line, against the emulators.
@Suite("Objects of Google and Azure by the command line", .timeLimit(.minutes(15)))
struct CloudStorageTests {
    static func use(_ body: (SkyUnderTest) async throws -> Void) async throws {
        let (google, azure) = (try await LoopbackGCS.shared(), try await LoopbackAzure.shared())
        try await SkyUnderTest.use { sky in
            let account = LoopbackAzure.account
            try await body(
                sky.with([
                    "STORAGE_EMULATOR_HOST": google.url, "CLOUDSDK_AUTH_ACCESS_TOKEN": LoopbackGCS.token,
                    "GOOGLE_CLOUD_PROJECT": "acme", "AWS_EC2_METADATA_DISABLED": "true",
                    "AZURE_STORAGE_CONNECTION_STRING":
                        "AccountName=\(account);AccountKey=\(LoopbackAzure.key);BlobEndpoint=\(azure.url)/\(account)/",
                ]))
        }
    }

    /// `sky` makes buckets for artifacts only.
    static func bucket(_ sky: SkyUnderTest) async throws -> String {
        let name = "cli-\(UInt64.random(in: 0 ... .max))"
        let google = try await LoopbackGCS.shared().url
        let made = try await sky.run(
            "/usr/bin/curl",
            [
                "-sf", "-H", "Authorization: Bearer \(LoopbackGCS.token)", "-d",
                #"{"name": "\#(name)", "location": "us-east1"}"#, "\(google)/storage/v1/b?project=acme",
            ])
        try #require(made.exitCode == 0, "\(made.errors)")
        let azure = try await LoopbackAzure.shared()
        let container = try await sky.run(
            "/usr/bin/curl",
            [
                "-sf", "-X", "PUT", "-H", "Authorization: Bearer \(LoopbackAzure.token)", "-H",
                "x-ms-version: 2023-11-03", "-H", "Content-Length: 0",
                "\(azure.url)/\(LoopbackAzure.account)/\(name)?restype=container",
            ])
        try #require(container.exitCode == 0, "\(container.errors)")
        return name
    }

    @Test("files go there, from one service to the other, come back and are removed")
    func roundTrip() async throws {
        try await Self.use { sky in
            let name = try await Self.bucket(sky)
            let (gs, az) = ("gs://\(name)", "az://\(LoopbackAzure.account)/\(name)")
            let long = try StorageTests.random(20_000_000, at: "\(sky.home)/in/deep/long.bin")
            let short = try StorageTests.random(100, at: "\(sky.home)/in/short")
            let up = try await sky("storage", "cp", "-r", "\(sky.home)/in", "\(gs)/data")
            #expect(up.exitCode == 0 && up.errors.hasPrefix("copied 2 files, 20.0 MB ("), "\(up.errors)")
            let across = try await sky("storage", "cp", "-r", "\(gs)/data/", "\(az)/copy/")
            #expect(across.exitCode == 0, "\(across.errors)")
            let list = try await sky("storage", "ls", "-r", az, "--output", "json")
            #expect(list.output.contains("\"url\" : \"\(az)/copy/deep/long.bin\""), "\(list.output)\(list.errors)")
            let down = try await sky("storage", "cp", "-r", "\(az)/copy", "\(sky.home)/out")
            #expect(down.exitCode == 0, "\(down.errors)")
            #expect(try Data(contentsOf: URL(filePath: "\(sky.home)/out/deep/long.bin")) == long)
            #expect(try Data(contentsOf: URL(filePath: "\(sky.home)/out/short")) == short)
            for place in [gs, az] {
                let gone = try await sky("storage", "rm", "-r", "--yes", place)
                #expect(gone.errors.contains("removed 2 objects"), "\(gone.errors)")
            }
            #expect(try await sky("storage", "ls", "gs://").output.contains(gs))
            #expect(try await sky("storage", "ls", "az://\(LoopbackAzure.account)").output.contains(az))
        }
    }

    @Test("whoever has no credentials is told what to set")
    func strangers() async throws {
        try await Self.use { sky in
            let stranger = sky.with(sky.variables.filter { !$0.key.hasPrefix("AZURE") })
            let list = try await stranger("storage", "ls", "az://account/container")
            #expect(list.exitCode != 0 && !list.errors.isEmpty)
        }
    }

    @Test("the rights of a plan are those to buckets at their own clouds, and to let nodes in")
    func rights() async throws {
        try await Self.use { sky in
            try Files.makeFolder("\(sky.home)/config")
            _ = try sky.write("stores: {gcp: gs://kept/sky}\n", as: "config/stores.yaml")
            let path = try sky.write(
                """
                name: rights
                stages:
                  read:
                    inputs: {raw: {source: az://acme/data/in, size: 1GB}}
                    outputs: {made: {size: 1KB}}
                    resources: {infra: gcp, cpus: 1+}
                    run: "true"
                """, as: "p.yaml")
            let plan = try await sky("plan", path, "--permissions", "--offline")
            #expect(plan.exitCode == 0, "\(plan.errors)")
            let rights = [
                "azure: a custom role", "blobServices/generateUserDelegationKey/action", "gcp: a custom role",
                "- storage.objects.get", "--member serviceAccount:ACCOUNT",
            ]
            for right in rights { #expect(plan.output.contains(right), "\(right) in \(plan.output)") }
            #expect(!plan.output.contains("- iam.serviceAccounts.signBlob") && !plan.output.contains("aws:"))
        }
    }

    @Test("buckets are made where stages keep something, mounts and inputs come from others, and a purge sweeps")
    func onDemand() async throws {
        try await Self.use { sky in
            let name = try await Self.bucket(sky)
            for folder in ["in", "config"] { try Files.makeFolder("\(sky.home)/\(folder)") }
            _ = try sky.write("a", as: "in/a")
            _ = try sky.write("stores: {gcp: auto}\nbuckets: {\(name): gcp/us-east1}\n", as: "config/stores.yaml")
            try #require(try await sky("storage", "cp", "\(sky.home)/in/a", "gs://\(name)/in/a").exitCode == 0)
            let path = try sky.write(
                """
                name: made
                stages:
                  join:
                    inputs: {raw: gs://\(name)/in/}
                    file_mounts: {words: {source: gs://\(name)/in/a, mode: COPY}}
                    outputs: {joined: {size: 1KB}}
                    resources: {infra: gcp, cpus: 1+}
                    run: cat "$SKY_INPUT_RAW"/a words > "$SKY_OUTPUT_JOINED"
                  check:
                    inputs: {joined: join.joined}
                    resources: {infra: local}
                    run: cat "$SKY_INPUT_JOINED"
                """, as: "p.yaml")
            let launch = try await sky("launch", path, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("made", in: launch)
            #expect(try await sky("logs", run, "check").output.contains("aa"))
            let buckets = try await sky("storage", "ls", "gs://")
            let made = try Regex("gs://sky-[0-9a-f]{8}-[a-z0-9-]+ \\(made by sky\\)")
            #expect(buckets.output.contains(made), "\(buckets.output)")
            let records = Files.names(in: "\(sky.home)/state/buckets")
            #expect(records.contains { $0.hasPrefix("gcp-") })
        }
    }
}

/// Artifacts of hosts elsewhere that are kept in a bucket.
@Suite(
    "Nodes that fetch from a bucket", .tags(.integration), .serialized, .timeLimit(.minutes(10)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct DirectFetchTests {
    @Test("a host gets its inputs straight from the bucket, and nobody's keys")
    func direct() async throws {
        let server = try await LoopbackS3.shared()
        try await SSHFarm.use(2, isolated: false, withoutRights: true) { farm in
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await StorageTests.use { plain, _, bucket in
                let variables = server.environment.merging(["XDG_RUNTIME_DIR": "\(farm.folder)/run"]) { $1 }
                let sky = plain.with(variables)
                try Files.makeFolder("\(sky.home)/config")
                _ = try sky.write(
                    "ssh_config: \(farm.config)\npools: {rack: {cores: 8, memory: 32, price: 0.01, hosts: [m1, m2]}}\n",
                    as: "config/ssh.yaml")
                _ = try sky.write("stores: {ssh: s3://\(bucket)/sky}\n", as: "config/stores.yaml")
                _ = try StorageTests.random(40_000_000, at: "\(sky.home)/data/deep/long.bin")
                let path = try sky.write(
                    """
                    name: direct
                    stages:
                      read:
                        inputs: {data: ./data}
                        resources: {infra: ssh, cpus: 1+}
                        run: wc -c < "$SKY_INPUT_DATA/deep/long.bin"
                    """, as: "p.yaml")
                let launch = try await sky("launch", path, "--yes")
                try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
                let run = try sky.runName("direct", in: launch)
                #expect(try await sky("logs", run, "read").output.contains("40000000"))
                let found = try await sky.run(
                    "/bin/sh", ["-c", "grep -rh 'came straight from\\|by way of' '\(sky.home)/state' || true"])
                #expect(found.output.contains("inputs/data came straight from"), "\(found.output)")
                // The key's name is part of a signed address: it is in nothing that anybody keeps.
                let left = try await sky.run(
                    "/bin/sh", ["-c", "grep -rlE 'X-Amz-Signature' '\(sky.home)' '\(farm.folder)' || true"])
                #expect(left.output.isEmpty, "\(left.output)")
            }
        }
    }
}
