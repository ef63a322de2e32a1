import CZlib
import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyMarket

/// AWS as its documents show it: an index of regions, a list for each with five rows before the header, and EC2.
struct AmazonEmulator: Sendable {
    static let columns = [
        "SKU", "OfferTermCode", "TermType", "PriceDescription", "Unit", "PricePerUnit", "Currency", "Product Family",
        "Location Type", "Instance Type", "vCPU", "Physical Processor", "Memory", "Tenancy", "Operating System",
        "CapacityStatus", "GPU", "Pre Installed S/W", "MarketOption",
    ]

    static func row(
        _ type: String, _ price: String, changes: [String: String] = [:]
    ) -> String {
        var values = [
            "SKU": "ABC", "OfferTermCode": "JRTC", "TermType": "OnDemand",
            "PriceDescription": "$\(price) per On Demand Linux \(type), \"\"plain\"\" Instance Hour", "Unit": "Hrs",
            "PricePerUnit": price, "Currency": "USD", "Product Family": "Compute Instance",
            "Location Type": "AWS Region", "Instance Type": type, "vCPU": "2", "Physical Processor": "Intel Xeon",
            "Memory": "1,024 GiB", "Tenancy": "Shared", "Operating System": "Linux", "CapacityStatus": "Used",
            "GPU": "", "Pre Installed S/W": "NA", "MarketOption": "OnDemand",
        ]
        values.merge(changes) { $1 }
        return columns.map { "\"\(values[$0] ?? "")\"" }.joined(separator: ",")
    }

    static func list(_ rows: [String]) -> String {
        let head = [
            "\"FormatVersion\",\"v1.0\"", "\"Disclaimer\",\"This pricing list is for informational purposes only\"",
            "\"Publication Date\",\"2026-11-28T01:00:00Z\"", "\"Version\",\"20261128010000\"",
            "\"OfferCode\",\"AmazonEC2\"",
        ]
        return (head + [columns.map { "\"\($0)\"" }.joined(separator: ",")] + rows).joined(separator: "\n") + "\n"
    }

    static let east = list([
        row("m6.large", "0.1100000000"), row("m6.large", "0.2100000000", changes: ["Operating System": "Windows"]),
        row("m6.large", "0.0000000000", changes: ["CapacityStatus": "AllocatedCapacityReservation"]),
        row("m6.large", "0.0600000000", changes: ["TermType": "Reserved"]),
        row("m6.large", "0.9000000000", changes: ["Location Type": "AWS Local Zone"]),
        row("p4.big", "33.0000000000", changes: ["GPU": "8"]),
        row("m9.large", "0.2000000000", changes: ["Physical Processor": "AWS Graviton9 Processor"]),
        row("p9.huge", "90.0000000000", changes: ["GPU": "16"]),
    ])
    static let west = list([row("m6.large", "0.1200000000"), row("m9.large", "0.2500000000")])

    var lists = ["us-east-1": east, "eu-west-1": west]
    var version = "20261128010000"

    func steps(_ request: LoopbackHTTPServer.Request) -> [LoopbackHTTPServer.Step] {
        if request.target.hasSuffix("region_index.json") {
            let regions = (Array(lists.keys) + ["mars-north-1"]).map { name in
                """
                "\(name)": {"regionCode": "\(name)", "currentVersionUrl": \
                "/offers/v1.0/aws/AmazonEC2/\(version)/\(name)/index.json"}
                """
            }
            return [
                .reply(200, body: "{\"formatVersion\": \"v1.0\", \"regions\": {\(regions.joined(separator: ","))}}")
            ]
        }
        for (name, text) in lists where request.target.hasSuffix("/\(version)/\(name)/index.csv") {
            guard request.headers["accept-encoding"]?.contains("gzip") ?? false, let packed = gzip(text) else {
                return [.reply(200, body: text)]
            }
            return [.reply(200, headers: [("Content-Encoding", "gzip")], bytes: packed)]
        }
        return request.method == "POST"
            ? compute(String(decoding: request.body, as: UTF8.self), request) : [.reply(404)]
    }

    /// EC2's three calls; spot prices come in two pages.
    private func compute(_ form: String, _ request: LoopbackHTTPServer.Request) -> [LoopbackHTTPServer.Step] {
        guard request.headers["authorization"]?.contains("/ec2/aws4_request") ?? false else { return [.reply(401)] }
        let isEast = request.headers["authorization"]?.contains("/us-east-1/") ?? false
        guard isEast else {
            return [
                .reply(
                    403,
                    body: """
                        <Response><Errors><Error><Code>OptInRequired</Code><Message>not opted in</Message></Error></Errors>\
                        <RequestID>r-1</RequestID></Response>
                        """)
            ]
        }
        func answer(_ name: String, _ body: String) -> [LoopbackHTTPServer.Step] {
            [
                .reply(
                    200,
                    body:
                        "<?xml version=\"1.0\"?><\(name)Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\(body)</\(name)Response>"
                )
            ]
        }
        func spot(_ type: String, _ zone: String, _ price: String) -> String {
            """
            <item><instanceType>\(type)</instanceType><productDescription>Linux/UNIX</productDescription>\
            <spotPrice>\(price)</spotPrice><timestamp>2026-11-29T08:00:00.000Z</timestamp>\
            <availabilityZone>\(zone)</availabilityZone></item>
            """
        }
        if form.contains("Action=DescribeAvailabilityZones") {
            let zones = [("us-east-1a", "use1-az2"), ("us-east-1b", "use1-az1")].map {
                "<item><zoneName>\($0.0)</zoneName><zoneId>\($0.1)</zoneId></item>"
            }
            return answer("DescribeAvailabilityZones", "<availabilityZoneInfo>\(zones.joined())</availabilityZoneInfo>")
        }
        if form.contains("Action=DescribeInstanceTypeOfferings") {
            let offers = [("m6.large", "use1-az1"), ("m6.large", "use1-az2"), ("m9.large", "use1-az6")].map {
                "<item><instanceType>\($0.0)</instanceType><location>\($0.1)</location></item>"
            }
            return answer(
                "DescribeInstanceTypeOfferings", "<instanceTypeOfferingSet>\(offers.joined())</instanceTypeOfferingSet>"
            )
        }
        guard form.contains("NextToken=page%202") else {
            return answer(
                "DescribeSpotPriceHistory",
                "<spotPriceHistorySet>\(spot("m6.large", "us-east-1a", "0.0310"))</spotPriceHistorySet><nextToken>page 2</nextToken>"
            )
        }
        return answer(
            "DescribeSpotPriceHistory",
            "<spotPriceHistorySet>\(spot("m6.large", "us-east-1b", "0.0290"))</spotPriceHistorySet><nextToken></nextToken>"
        )
    }

    private func gzip(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: bytes.count + 1024)
        let status = bytes.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { buffer -> Int32 in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                return deflate(&stream, Z_FINISH)
            }
        }
        return status == Z_STREAM_END ? Array(output.prefix(output.count - Int(stream.avail_out))) : nil
    }
}

@Suite("Prices of AWS, read anew", .timeLimit(.minutes(5)))
struct AmazonFeedTests {
    @Test("list prices take the place of the shipped ones, and spot prices stay with their day")
    func list() async throws {
        let amazon = AmazonEmulator()
        try await withMarket({ amazon.steps($0) }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("aws")
            #expect(report.outcome == .refreshed, "\(report)")
            #expect(
                try market.offers("aws") == [
                    "m6.large@eu-west-1=0.04 spot old", "m6.large@eu-west-1=0.12 price-list-2026-11-29",
                    "m6.large@us-east-1=0.03 spot old", "m6.large@us-east-1=0.11 price-list-2026-11-29",
                    "m9.large@eu-west-1=0.25 price-list-2026-11-29", "m9.large@us-east-1=0.2 price-list-2026-11-29",
                    "p4.big+A100:8@us-east-1=10 spot old", "p4.big+A100:8@us-east-1=33 price-list-2026-11-29",
                ])
            let kinds = report.findings.map { "\($0.kind.rawValue) \($0.subject)" }
            #expect(
                kinds == [
                    "kept spot prices and zones of aws", "unknown-machine p9.huge", "vanished-machine gone.large",
                ])
            #expect((report.changed, report.added, report.removed) == (2, 2, 1))
            #expect(market.server.requests.allSatisfy { $0.headers["authorization"] == nil })
            #expect(!FileManager.default.fileExists(atPath: "\(market.prices)/.lists/us-east-1.csv"))
        }
    }

    @Test("with an account each zone has its spot price of now; a region that is not opted into keeps what was known")
    func spot() async throws {
        let amazon = AmazonEmulator()
        try await withMarket({ amazon.steps($0) }) { (market: inout MarketFixture) async throws in
            market.environment["AWS_ACCESS_KEY_ID"] = "AKID"
            market.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
            market.environment["AWS_ENDPOINT_URL_EC2"] = market.server.url
            let report = await market.refresh("aws")
            let offers = try market.offers("aws").filter { $0.hasPrefix("m6.large") && $0.contains("spot") }
            #expect(
                offers == [
                    "m6.large@eu-west-1=0.04 spot old", "m6.large@us-east-1=0.029 spot spot-history-2026-11-29",
                    "m6.large@us-east-1=0.031 spot spot-history-2026-11-29",
                ])
            #expect(report.findings.contains { $0.kind == .kept && $0.detail.contains("OptInRequired") })
            var request = ResourceRequest()
            request.instanceType = "m9.large"
            request.places = [PlaceConstraint(provider: "aws", region: "us-east-1")]
            let catalog = try market.catalog()
            #expect(catalog.offers(for: request).map { catalog.zones(of: $0) } == [["use1-az6"]])
            #expect(!"\(report)".contains("secret"))
        }
    }

    @Test("a list whose version was read is not fetched again, and its prices are of today all the same")
    func unchanged() async throws {
        let amazon = AmazonEmulator()
        try await withMarket({ amazon.steps($0) }) { (market: inout MarketFixture) async throws in
            _ = await market.refresh("aws")
            let server = market.server
            let lists = { server.requests.count { $0.target.hasSuffix("index.csv") } }
            #expect(lists() == 2)
            let later = Instant(millisecondsSince1970: 1_795_960_000_000 + 86_400_000)
            let report = await market.refresh("aws", at: later)
            #expect(report.outcome == .unchanged && lists() == 2)
            #expect((report.changed, report.added, report.removed) == (0, 0, 0))
            #expect(try market.offers("aws").contains("m6.large@us-east-1=0.11 price-list-2026-11-30"))
        }
    }

    @Test("a connection that ends in the middle goes on where it ended")
    func interrupted() async throws {
        let text = Array(AmazonEmulator.east.utf8)
        let amazon = AmazonEmulator()
        try await withMarket({ request in
            guard request.target.hasSuffix("us-east-1/index.csv") else { return amazon.steps(request) }
            let head = [("Content-Length", "\(text.count)")]
            guard let range = request.headers["range"], let start = Int(range.dropFirst(6).dropLast()) else {
                return [.send(LoopbackHTTPServer.Step.head(200, headers: head) + text[..<1000]), .hangUp]
            }
            return [
                .reply(
                    206, headers: [("Content-Range", "bytes \(start)-\(text.count - 1)/\(text.count)")],
                    bytes: Array(text[start...]))
            ]
        }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("aws")
            #expect(report.outcome == .refreshed && report.regions == 2)
            #expect(try market.offers("aws").contains("m6.large@us-east-1=0.11 price-list-2026-11-29"))
            #expect(market.server.requests.contains { $0.headers["range"] == "bytes=1000-" })
        }
    }

    @Test(
        "what is wrong with a list is said with its line, and the region keeps what was known",
        arguments: [
            (AmazonEmulator.list([]), "no machine in it"),
            ("\"FormatVersion\",\"v1.0\"\n\"SKU\",\"TermType\"\n", "no column 'Unit' any more"),
            (AmazonEmulator.list(["\"m6.large,0.11"]), "line 7: the text ends within a quoted field"),
            ("", "no machine in it"),
        ])
    func wrong(list: String, reason: String) async throws {
        var amazon = AmazonEmulator()
        amazon.lists["us-east-1"] = list
        let emulator = amazon
        try await withMarket({ emulator.steps($0) }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("aws")
            #expect(report.findings.contains { $0.kind == .kept && $0.detail.contains(reason) }, "\(report.findings)")
            #expect(try market.offers("aws").contains("m6.large@us-east-1=0.1 old"))
            #expect(try market.offers("aws").contains("m6.large@eu-west-1=0.12 price-list-2026-11-29"))
        }
    }

    @Test("bad rows, other currencies and machines with several prices are named with their line and left out")
    func badRows() async throws {
        var amazon = AmazonEmulator()
        amazon.lists["us-east-1"] = AmazonEmulator.list([
            AmazonEmulator.row("m6.large", "a lot"), "\"too\",\"short\"",
            AmazonEmulator.row("m9.large", "1.0", changes: ["Currency": "CNY"]),
            AmazonEmulator.row("p4.big", "33.0", changes: ["GPU": "8"]),
            AmazonEmulator.row("p4.big", "34.0", changes: ["GPU": "8"]), AmazonEmulator.row("gone.large", "0.09"),
        ])
        let emulator = amazon
        try await withMarket({ emulator.steps($0) }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("aws", acceptsJumps: true, regions: ["us-east-1"])
            let found = report.findings.map { "\($0.kind.rawValue): \($0.subject) \($0.detail)" }
            #expect(found.contains("bad-row: list of us-east-1, line 7 'a lot' is no price"))
            #expect(found.contains("bad-row: list of us-east-1, line 8 has 2 fields, the header 19"))
            #expect(found.contains("wrong-currency: m9.large in us-east-1 line 9 is in CNY"))
            #expect(found.contains("duplicate: p4.big in us-east-1 is priced 33 and, in line 11, 34"))
            #expect(
                try market.offers("aws") == [
                    "gone.large@us-east-1=0.09 price-list-2026-11-29", "m6.large@eu-west-1=0.04 spot old",
                    "m6.large@eu-west-1=0.12 old",
                ])
        }
    }
}
