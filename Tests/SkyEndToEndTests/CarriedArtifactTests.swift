import FoundationEssentials
import SkyProcess
import SkyTestSupport
import Testing

/// What a stage makes at one place and another reads at another, each with a bucket of its own.
@Suite(
    "Nodes that carry artifacts from one place to another", .tags(.integration), .serialized, .timeLimit(.minutes(15)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct CarriedArtifactTests {
    private func use(_ body: (SkyUnderTest, _ bucket: String) async throws -> Void) async throws {
        let pools = ["rack": ["m1"], "shelf": ["m2"]]
        try await FarmWithBucket.use(pools: pools, stores: { "stores: {ssh: s3://\($0)/sky}\n" }) { sky, _, _, bucket in
            try await body(sky, bucket)
        }
    }

    private static let pipeline = """
        name: carried
        stages:
          make:
            outputs: {big: {size: 40MB}}
            resources: {infra: ssh/rack, cpus: 1+}
            run: |
              mkdir -p "$SKY_OUTPUT_BIG/deep"
              head -c 40000000 /dev/urandom > "$SKY_OUTPUT_BIG/deep/long.bin"
              echo small > "$SKY_OUTPUT_BIG/a" && chmod 755 "$SKY_OUTPUT_BIG/a"
          read:
            inputs: {big: make.big}
            resources: {infra: ssh/shelf, cpus: 1+}
            run: wc -c < "$SKY_INPUT_BIG/deep/long.bin" && test -x "$SKY_INPUT_BIG/a" && cat "$SKY_INPUT_BIG/a"
        """

    @Test("an artifact goes from its bucket to the node and into the bucket there, and not by way of this machine")
    func carried() async throws {
        try await use { sky, bucket in
            let path = try sky.write(Self.pipeline, as: "p.yaml")
            // Nothing of more than 8 MiB can be written by whoever is no host.
            let launch = try await sky.run(
                "/bin/bash", ["-c", "ulimit -f 8192; exec '\(sky.binary)' launch '\(path)' --yes"])
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("carried", in: launch)
            let log = try await sky("logs", run, "read").output
            #expect(log.contains("40000000") && log.contains("small"), "\(log)")
            #expect(try await !sky("events", run).output.contains("by way of this machine"))
            for place in ["rack", "shelf"] {
                let list = try await sky("storage", "ls", "-r", "s3://\(bucket)/sky/\(place)/").output
                #expect(list.split(separator: "\n").filter { $0.contains("/blobs/") }.count == 2, "\(list)")
            }
        }
    }
}
