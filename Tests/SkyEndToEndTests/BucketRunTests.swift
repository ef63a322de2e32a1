import FoundationEssentials
import SkyTestSupport
import Testing

@Suite(
    "Runs whose artifacts are in buckets", .timeLimit(.minutes(15)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct BucketRunTests {
    private func pipeline(_ bucket: String) -> String {
        """
        name: buckets
        stages:
          join:
            inputs: {raw: s3://\(bucket)/in/, one: s3://\(bucket)/in/a}
            outputs: {joined: {size: 1KB}}
            resources: {infra: gcp, cpus: 1+}
            run: cat "$SKY_INPUT_RAW"/a "$SKY_INPUT_RAW"/deep/b "$SKY_INPUT_ONE" > "$SKY_OUTPUT_JOINED"
          wrap:
            inputs: {joined: join.joined}
            outputs: {folder: {size: 1KB}}
            resources: {infra: azure, cpus: 1+}
            run: mkdir "$SKY_OUTPUT_FOLDER" && cp "$SKY_INPUT_JOINED" "$SKY_OUTPUT_FOLDER/text"
          check:
            inputs: {folder: wrap.folder}
            resources: {infra: local}
            run: cat "$SKY_INPUT_FOLDER/text"
        """
    }

    @Test("inputs come from a bucket, artifacts are kept in others, and stages done before are found there")
    func wholeRun() async throws {
        try await StorageTests.use { sky, server, bucket in
            try Files.write("a", to: "\(sky.home)/in/a")
            try Files.write("b", to: "\(sky.home)/in/deep/b")
            try await #require(sky("storage", "cp", "-r", "\(sky.home)/in", "s3://\(bucket)/in").exitCode == 0)
            try Files.write(
                """
                stores:
                  gcp: s3://\(bucket)/gcp
                  azure: {bucket: s3://\(bucket)/azure/, endpoint: \(server.url), region: us-east-1}
                """, to: "\(sky.home)/config/stores.yaml")
            try Files.write(pipeline(bucket), to: "\(sky.home)/p.yaml")
            let launch = try await sky("launch", "\(sky.home)/p.yaml", "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("buckets", in: launch)
            #expect(try await sky("logs", run, "check").output.contains("aba"))
            // Nothing of the two clouds is on this machine, and both have what they made, each below its region.
            #expect(!FileManager.default.fileExists(atPath: "\(sky.home)/state/stores/gcp"))
            #expect(!FileManager.default.fileExists(atPath: "\(sky.home)/state/stores/azure"))
            let list = try await sky("storage", "ls", "-r", "s3://\(bucket)")
            #expect(list.output.contains(try Regex("gcp/[a-z0-9-]+/blobs/")))
            #expect(list.output.contains(try Regex("azure/[a-z0-9-]+/folders/")))

            let again = try await sky("launch", "\(sky.home)/p.yaml", "--yes")
            #expect(again.exitCode == 0, "\(again.errors)")
            let second = try sky.runName("buckets", in: again)
            let status = try await sky("status", second, "--output", "json")
            #expect(status.output.contains(run), "nothing was found again: \(status.output)")
        }
    }

    @Test("a plan counts the way of an input from its bucket, and launching the plan file does not differ")
    func planned() async throws {
        try await StorageTests.use { sky, _, bucket in
            try Files.write(String(repeating: "a", count: 3000), to: "\(sky.home)/in/a")
            try Files.write(String(repeating: "b", count: 2000), to: "\(sky.home)/in/deep/b")
            try await #require(sky("storage", "cp", "-r", "\(sky.home)/in", "s3://\(bucket)/in").exitCode == 0)
            try Files.write("buckets: {\(bucket): aws/us-east-1}\n", to: "\(sky.home)/config/stores.yaml")
            let text = """
                name: far
                stages:
                  read:
                    inputs: {raw: s3://\(bucket)/in/}
                    resources: {infra: gcp, cpus: 1+}
                    run: cat "$SKY_INPUT_RAW"/a
                """
            try Files.write(text, to: "\(sky.home)/p.yaml")
            let way = try Regex("aws/us-east-1 → gcp/[a-z0-9-]+ +5.00 KB")
            // On a machine that is busy the server may be slower than a plan waits.
            for _ in 0..<10 {
                let plan = try await sky("plan", "\(sky.home)/p.yaml", "-o", "\(sky.home)/plan.json")
                try #require(plan.exitCode == 0, "\(plan.errors)")
                if plan.errors.contains(way) { break }
            }
            let shown = try await sky("launch", "--dryrun", "\(sky.home)/plan.json")
            #expect(shown.output.contains(way), "\(shown.output)")
        }
    }

    @Test("what is wrong with stores.yaml is said before a run begins, with its place")
    func wrongSettings() async throws {
        try await SkyUnderTest.use { sky in
            try Files.write(
                """
                stores:
                  gcp: s3:/bucket
                  local: s3://bucket
                  aws: {bucket: s3://bucket, end_point: x}
                """, to: "\(sky.home)/config/stores.yaml")
            try Files.write(
                "name: p\nstages: {a: {resources: {infra: local}, run: 'true'}}\n", to: "\(sky.home)/p.yaml")
            let launch = try await sky("launch", "\(sky.home)/p.yaml", "--yes")
            #expect(launch.exitCode == 2)
            for line in ["stores.yaml:2:8", "stores.yaml:3:3", "stores.yaml:4:30", "did you mean 'endpoint'?"] {
                #expect(launch.errors.contains(line), "\(launch.errors)")
            }
            #expect(try await !sky("status").output.contains("p-"))
        }
    }

    @Test("an input that is not there keeps a run from beginning")
    func missingInput() async throws {
        try await StorageTests.use { sky, _, bucket in
            let text =
                "name: p\nstages: {a: {inputs: {x: 's3://\(bucket)/none'}, resources: {infra: local}, run: 'true'}}\n"
            try Files.write(text, to: "\(sky.home)/p.yaml")
            let launch = try await sky("launch", "\(sky.home)/p.yaml", "--yes")
            #expect(launch.exitCode == 2)
            #expect(launch.errors.contains("s3://\(bucket)/none: there is no such object"), "\(launch.errors)")
        }
    }
}

private enum Files {
    static func write(_ text: String, to path: String) throws {
        let url = URL(filePath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}
