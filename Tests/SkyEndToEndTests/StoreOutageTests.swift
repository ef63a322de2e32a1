import SkyTestSupport
import Testing

@Suite(
    "A store that goes away", .tags(.integration), .serialized, .timeLimit(.minutes(15)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct StoreOutageTests {
    private static let pipeline = """
        name: outage
        stages:
          make:
            outputs: {data: {size: 1KB}}
            resources: {infra: ssh, cpus: 1+}
            run: |
              echo begun; sleep 20; echo result > "$SKY_OUTPUT_DATA"
          read:
            inputs: {data: make.data}
            resources: {infra: ssh, cpus: 1+}
            run: cat "$SKY_INPUT_DATA"
        """

    @Test("a store that is away when a job ends costs neither what the job did nor its node")
    func outputs() async throws {
        try await FarmWithBucket.use(stores: { "stores: {ssh: s3://\($0)/sky}\n" }) { plain, _, server, _ in
            let relay = try CountingRelay(to: server.port)
            defer { relay.stop() }
            let sky = plain.with(plain.variables.merging(["AWS_ENDPOINT_URL": relay.url]) { $1 })
            let launch = try await sky("launch", try sky.write(Self.pipeline), "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("outage", in: launch)
            try await sky.wait("the job has begun") { try await sky("logs", run, "make").output.contains("begun") }
            relay.cut()
            try await sky.wait("its output cannot be taken in") {
                try await sky.status(of: run).stage("make").message != nil
            }
            #expect(try await sky.status(of: run).stage("make").state == "collecting")
            relay.mend()
            try await sky.wait("it is done") { try await sky.status(of: run).state == "succeeded" }
            #expect(try await sky.status(of: run).stage("make").attempts == 1)
            #expect(try await sky("logs", run, "read").output.contains("result"))
        }
    }
}
