import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import SkyStorage
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Data that must stay in some areas, and the buckets of stores.yaml", .timeLimit(.minutes(2)))
struct BucketResidencyTests {
    private static let pipeline = """
        name: bound
        stages:
          clean:
            outputs: {out: {size: 1GB, regions: [europe]}}
            resources: {infra: acme, cpus: 2+}
            estimate: 1h
            run: echo clean > "$SKY_OUTPUT_OUT"
        """

    /// - Parameter stores: the text of `stores.yaml`.
    private func plan(_ stores: String, changes: [String: String] = [:]) async throws -> CommandRun {
        try await withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: "\(folder)/config", withIntermediateDirectories: true)
            try Data(stores.utf8).write(to: URL(filePath: "\(folder)/config/stores.yaml"))
            try Data(Self.pipeline.utf8).write(to: URL(filePath: "\(folder)/p.yaml"))
            var environment = InstallationFixture.environment(home: folder)
            environment["AWS_EC2_METADATA_DISABLED"] = "true"
            environment.merge(changes) { $1 }
            return await CommandRun(["plan", "\(folder)/p.yaml", "--offline"], environment: environment)
        }
    }

    static let inside = [
        "stores: {nimbus: s3://kept/sky}",
        "stores: {acme: {bucket: s3://kept/sky, endpoint: 'https://s3.example'}}\nbuckets: {kept: acme/west}",
        "stores: {acme: gs://kept/sky}\nbuckets: {kept: acme/west}",
        "stores: {acme: gs://kept/sky, acme/west: az://account/kept}\nbuckets: {account: acme/west}",
    ]

    @Test("a stage is planned where both it and its bucket are inside", arguments: inside)
    func planned(_ stores: String) async throws {
        let run = try await plan(stores)
        #expect(run.status == 0, "\(run.err)")
        #expect(run.out.contains("west"), "\(run.out)")
    }

    static let outside = [
        ("stores: {acme: gs://kept/sky}\nbuckets: {kept: acme/east}", "in gs://kept/, at acme/east"),
        ("stores: {acme: {bucket: s3://kept/sky, region: us-east-1}}", "in s3://kept/, at aws/us-east-1"),
        ("stores: {acme: gs://kept/sky}", "add `buckets: {kept: provider/region}`"),
        ("stores: {acme: s3://kept}", "add `buckets: {kept: provider/region}`"),
    ]

    @Test(
        "where the bucket is outside, or nobody says where it is, there is no plan, and it is said why",
        arguments: outside)
    func refused(_ stores: String, _ words: String) async throws {
        let run = try await plan(stores)
        #expect(run.status != 0 && run.err.replacing("\n", with: " ").contains(words), "\(run.out)\(run.err)")
    }

    @Test("a server that only speaks like AWS's is in none of its regions")
    func otherServers() async throws {
        let run = try await plan(
            "stores: {acme: {bucket: s3://kept/sky, region: eu-west-1}}",
            changes: ["AWS_ENDPOINT_URL": "https://s3.example"])
        #expect(run.err.contains("buckets: {kept:"), "\(run.out)\(run.err)")
    }

    @Test("what must stay elsewhere but is kept on this machine is a caveat of the plan, and not with a bucket")
    func keptHere() throws {
        let offer = Offer(
            provider: "aws", region: "eu-west-1", instanceType: "m", cpus: 2, memoryGiB: 4, pricePerHour: .zero)
        let stage = Stage(name: "clean", outputs: [StageOutput(name: "out", areas: ["eu"])])
        let planned = PlannedStage(
            stage: "clean", offer: offer, numNodes: 1, pricePerHour: .zero, duration: .zero, cost: .zero, reason: "")
        let plan = Plan(
            pipeline: "p", objective: .cost, policy: "cheapest", stages: [planned], transfers: [], totalCost: .zero,
            totalTime: .zero, proof: Plan.Proof(isOptimal: true, costLowerBound: .zero))
        func caveats(_ settings: StoreSettings, isReal: Bool = true) -> [String] {
            BoundData(
                pipeline: Pipeline(name: "p", stages: [stage], directory: "/"), settings: settings,
                isReal: { _ in isReal }
            ).caveats(of: plan)
        }
        let words =
            "what must stay in eu is kept on this machine when it has been made:"
            + " `stores: {aws: auto}` in stores.yaml keeps it elsewhere"
        #expect(caveats(StoreSettings()) == [words])
        #expect(caveats(StoreSettings(), isReal: false).isEmpty)
        let bucket = StoreSettings.Bucket(url: ObjectURL(.s3, bucket: "kept", key: ""))
        #expect(caveats(StoreSettings(buckets: ["aws": bucket])).isEmpty)
    }

    @Test("a bucket that is made on demand is at the place whose artifacts it keeps, whichever that is")
    func onDemand() async throws {
        try await withTemporaryFolder { folder in
            let names = BucketNames(stateFolder: folder)
            var random = SeededGenerator(seed: 7)
            var seen: Set<ObjectURL> = []
            for number in 0..<200 {
                let region = "\(random.pick(["eu", "us", "West Europe", "ap_south"]))-\(number)"
                let scheme = random.pick([ObjectURL.Scheme.s3, .gs, .az])
                let like = ObjectURL(scheme, bucket: scheme == .az ? "account" : "", key: "")
                let spec = names.spec(of: Location(provider: "p", region: region), like: like)
                #expect(spec.region == region && spec.url.scheme == scheme)
                seen.insert(spec.url)
            }
            #expect(seen.count == 200)
        }
    }
}
