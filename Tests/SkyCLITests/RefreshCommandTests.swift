import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCLI

/// An installation whose `oci` sells two machines, and a server that has SkyPilot's table of it.
private struct RefreshFixture {
    let folder: String
    let environment: [String: String]

    init(_ folder: String, server: String) throws {
        self.folder = folder
        environment = [
            "SKY_ROOT": "\(folder)/root", "SKY_HOME": "\(folder)/home", "HOME": "\(folder)/home",
            "SKY_PRICES_SKYPILOT": server, "SKY_AGENT": "/bin/true",
        ]
        let header =
            "instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities,provenance\n"
        try provider(
            "oci",
            """
            name: oci
            sources: {old: {kind: observed, date: 2026-01-01, what: an old list}}
            regions: {us-ashburn-1: {country: US, continent: north-america}}
            """, header + "VM.A10.1,us-ashburn-1,,A10:1,30,240,2,1,,old\nVM.A10.2,us-ashburn-1,,A10:2,60,480,4,2,,old\n"
        )
        try provider(
            "local", "name: local\nplacement: explicit\nregions: {local: {}}",
            header + "local,local,,,host,host,0,0,,observed\n")
        for (name, place, type) in [("aws", "us-east-1", "m5.8xlarge"), ("gcp", "us-central1", "n2-standard-32")] {
            try provider(
                name, "name: \(name)\nregions: {\(place): {country: US, continent: north-america}}",
                header + "\(type),\(place),,,32,128,1.5,,,observed/none\n")
        }
        try write(
            "from,to,gbps\naws/us-east-1,gcp/us-central1,4\ngcp/us-central1,aws/us-east-1,6\n",
            "providers/throughput.csv")
        try write("name,aliases,memory_gb\nA10,,24\n", "providers/accelerators.csv")
    }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/root/\(name)"))
    }

    private func provider(_ name: String, _ profile: String, _ offers: String) throws {
        let path = "\(folder)/root/providers/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write(profile, "providers/\(name)/provider.yaml")
        try write(offers, "providers/\(name)/offers.csv")
        try write("from_region,to,usd_per_gb\n*,*,0.09\n", "providers/\(name)/egress.csv")
    }

    func sky(_ arguments: String...) async -> CommandRun {
        await CommandRun(
            arguments, environment: environment,
            terminal: Terminal(isInteractive: false, width: 110, isColoured: false),
            now: Instant(millisecondsSince1970: 1_795_960_000_000))
    }
}

@Suite("Prices of today, and ways of transfers, on the command line", .timeLimit(.minutes(5)))
struct RefreshCommandTests {
    private static let table = """
        InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region
        VM.A10.1,A10,1,30,240,2.2,0.05,us-ashburn-1
        VM.A10.2,A10,2,60,480,4,0,us-ashburn-1

        """

    @Test("a refresh is told with all that is odd about it, counts at once, and can be undone")
    func refresh() async throws {
        let server = try LoopbackHTTPServer { request in
            [request.target == "/oci/vms.csv" ? .reply(200, body: Self.table) : .reply(404)]
        }
        defer { server.stop() }
        try await withTemporaryFolder { folder in
            let desk = try RefreshFixture(folder, server: server.url)
            let run = await desk.sky("catalog", "refresh", "oci")
            #expect(run.status == 0 && run.out.contains("refreshed"), "\(run.transcript)")
            #expect(run.err.contains("oci: jump: spot of VM.A10.1 with A10:1 in us-ashburn-1 was 1 and is 0.05"))
            #expect(run.err.contains("oci: zero-price: spot of VM.A10.2 with A10:2 in us-ashburn-1 costs 0"))
            #expect(run.err.contains("sky catalog refresh --accept-jumps"))
            let machine = await desk.sky("catalog", "show", "VM.A10.1", "--output", "csv")
            #expect(machine.out.contains("skypilot-2026-11-29") && machine.out.contains("jump"), "\(machine.out)")
            #expect(await desk.sky("catalog", "show", "VM.A10.1").out.contains("observed 2026-11-29"))
            let summary = await desk.sky("catalog", "show", "--output", "json")
            #expect(summary.out.contains("\"refreshed_at\" : \"2026-11-29T"), "\(summary.out)")
            #expect(await desk.sky("catalog", "show").out.contains("just now"))
            let undone = await desk.sky("catalog", "refresh", "--revert")
            #expect(undone.status == 0 && undone.err.contains("oci: the prices that came with sky count"))
            #expect(await desk.sky("catalog", "show", "VM.A10.1").out.contains("observed 2026-01-01"))
        }
    }

    @Test("names that are wrong, and answers that are not there, are said with what to do")
    func mistakes() async throws {
        let server = try LoopbackHTTPServer { _ in [.reply(404, body: "nothing here")] }
        defer { server.stop() }
        try await withTemporaryFolder { folder in
            let desk = try RefreshFixture(folder, server: server.url)
            let near = await desk.sky("catalog", "refresh", "oic")
            #expect(near.status == 2 && near.err.contains("did you mean 'oci'"))
            let deaf = await desk.sky("catalog", "refresh", "local")
            #expect(deaf.status == 2 && deaf.err.contains("nobody publishes prices of local"))
            let gone = await desk.sky("catalog", "refresh", "oci", "--output", "json")
            #expect(gone.status == 3 && gone.out.contains("HTTP 404, nothing here"), "\(gone.transcript)")
            let keyless = await desk.sky("catalog", "refresh", "gcp")
            #expect(keyless.status == 3 && keyless.err.contains("set GOOGLE_API_KEY"))
            #expect(await desk.sky("catalog", "refresh", "--revert").err.contains("no prices were refreshed"))
        }
    }

    @Test("ways of a transfer are listed, and the one that keeps a limit is marked")
    func transfers() async throws {
        try await withTemporaryFolder { folder in
            let desk = try RefreshFixture(folder, server: "http://127.0.0.1:9")
            let run = await desk.sky(
                "transfer", "plan", "aws/us-east-1", "gcp/us-central1", "1TB", "--machines", "3", "--deadline", "20m")
            let rows = run.out.split(separator: "\n").filter { $0.contains("direct") }
            #expect(run.status == 0 && rows.count == 3, "\(run.transcript)")
            #expect(rows.map { $0.contains("→") } == [false, true, false], "two machines are in time")
            let late = await desk.sky("transfer", "plan", "aws/us-east-1", "gcp/us-central1", "1TB", "--deadline", "1s")
            #expect(late.status == 3 && late.err.contains("no way is as fast as that"))
            let json = await desk.sky("transfer", "plan", "aws/us-east-1", "gcp/us-central1", "1TB", "--output", "json")
            #expect(json.out.contains("\"machines_per_place\" : 8"), "\(json.out)")
            for (arguments, hint) in [
                (["aws", "gcp/us-central1", "1TB"], "provider/region"),
                (["aws/us-esat-1", "gcp/us-central1", "1TB"], "us-east-1"),
                (["aws/us-east-1", "gcp/us-central1", "much"], "500GB"),
            ] {
                let wrong = await desk.sky("transfer", "plan", arguments[0], arguments[1], arguments[2])
                #expect(wrong.status == 2 && wrong.err.contains(hint), "\(wrong.transcript)")
            }
        }
    }
}
