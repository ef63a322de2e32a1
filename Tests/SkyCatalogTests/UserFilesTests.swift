import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("A person's own prices")
struct UserFilesTests {
    private static let shipped = [
        "cloud/provider.yaml": """
        name: cloud
        sources:
          old: {kind: observed, date: 2020-01-01, what: an old list}
        regions: {east: {country: US}, west: {country: DE}}
        """,
        "cloud/offers.csv": """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,provenance
        m6.large,east,e1;e2,,2,8,0.1,0.03,
        m6.xlarge,east,e1,,4,16,0.2,0.06,
        m6.large,west,,,2,8,0.12,0.04,
        p4.big,east,e1,A100:8,96,1000,30,10,
        aged,west,,,64,64,0.001,,old
        """,
        "cloud/egress.csv": "from_region,to,usd_per_gb\n*,*,0.09\n",
    ]

    private func catalog(
        _ own: [String: String], settings: CatalogSettings = CatalogSettings(today: CalendarDay("2026-11-22"))
    ) async throws -> Catalog {
        try await withTemporaryFolder { folder in
            try SmallFolder.write(Self.shipped, to: "\(folder)/shipped")
            try SmallFolder.write(own, to: "\(folder)/own")
            return try Catalog.load(
                root: "\(folder)/shipped", user: "\(folder)/own", host: HostShape(cpus: 1, memoryGiB: 1),
                settings: settings)
        }
    }

    private func prices(_ catalog: Catalog, _ change: (inout ResourceRequest) -> Void = { _ in }) -> [String] {
        brief(catalog.offers(for: SmallCatalog.request(change)))
    }

    @Test("a discount takes its percentage off the types, regions and markets that it names")
    func discounts() async throws {
        let catalog = try await catalog([
            "cloud/provider.yaml": """
            name: cloud
            discounts:
              - {types: m6, regions: [east], market: on-demand, percent: 12.5}
              - {types: "m6.x*", percent: 50, market: spot}
              - {types: p4, percent: 99, until: 2026-11-21}
            """
        ])
        #expect(prices(catalog) == ["m6.large@east=0.0875", "m6.large@west=0.12", "m6.xlarge@east=0.175"])
        #expect(
            prices(catalog) { $0.useSpot = true } == [
                "m6.large@east=0.03", "m6.large@west=0.04", "m6.xlarge@east=0.03",
            ])
        let a100 = AcceleratorCount(name: "A100", count: 8)
        #expect(prices(catalog) { $0.accelerators = [a100] } == ["p4.big@east=30"])
    }

    @Test("a reservation is free and there are so many of it; committed use has its own price")
    func commitments() async throws {
        let catalog = try await catalog([
            "cloud/provider.yaml": """
            name: cloud
            reservations:
              - {instance_type: p4.big, region: east, zones: [e9], count: 2}
            committed_use:
              - {types: m6, region: west, percent: 25, count: 4}
            """
        ])
        let a100 = AcceleratorCount(name: "A100", count: 8)
        let reserved = catalog.offers(for: SmallCatalog.request { $0.accelerators = [a100] })
        #expect(brief(reserved) == ["p4.big@east=30", "p4.big@east=0"])
        #expect(reserved.map(\.availableCount) == [nil, 2])
        #expect(reserved.map { catalog.zones(of: $0) } == [["e1"], ["e9"]])
        #expect(reserved.last?.capabilities == ["reserved"])
        let three = catalog.offers(
            for: SmallCatalog.request {
                $0.accelerators = [a100]
                $0.numNodes = 3
            })
        #expect(brief(three) == ["p4.big@east=30"], "there are only two")
        #expect(prices(catalog) { $0.capabilities = ["reserved"] } == ["m6.large@west=0.09"])
        #expect(reserved.last.map { catalog.provenance(of: $0) } == .agreed)
    }

    @Test("own rows replace prices and add machines; what they leave empty stays")
    func rows() async throws {
        let catalog = try await catalog([
            "cloud/provider.yaml": "name: cloud\n",
            "cloud/offers.csv": """
            instance_type,region,cpus,memory_gib,price,count
            m6.large,east,2,8,0.08,
            brand-new,west,8,32,0.3,3
            """,
        ])
        #expect(
            prices(catalog) == [
                "m6.large@east=0.08", "m6.large@west=0.12", "m6.xlarge@east=0.2", "brand-new@west=0.3",
            ])
        #expect(prices(catalog) { $0.useSpot = true }.first == "m6.large@east=0.03")
    }

    @Test("own machines cost what they cost: price over lifetime, and power")
    func hosts() async throws {
        let catalog = try await catalog([
            "garage/provider.yaml": """
            name: garage
            adapter: ssh
            regions: {home: {country: DE, continent: europe}}
            egress: {per_gb: 0}
            hosts:
              - name: tower
                region: home
                cpus: 16
                memory_gib: 64
                accelerators: RTX4090:2
                price: 8760
                lifetime: 1460d
                used: 0.5
                watts: 800
                per_kwh: 0.25
              - {name: free-box, region: home, cpus: 4, memory_gib: 8, count: 2}
            """
        ])
        let tower = SmallCatalog.request { $0.accelerators = [AcceleratorCount(name: "RTX4090", count: 2)] }
        // 8,760 dollars over 17,520 hours of work, and 0.8 kWh at a quarter.
        #expect(brief(catalog.offers(for: tower)) == ["tower@home=0.7"])
        let box = catalog.offers(for: SmallCatalog.request { $0.places = [PlaceConstraint(provider: "garage")] })
        #expect(brief(box) == ["free-box@home=0"] && box.map(\.availableCount) == [2])
    }

    @Test("a free price, a tenfold jump and an old figure are no candidates unless somebody says so")
    func flagged() async throws {
        let own = [
            "cloud/provider.yaml": "name: cloud\n",
            "cloud/offers.csv": """
            instance_type,region,cpus,memory_gib,price
            m6.large,east,2,8,0.01
            m6.large,west,2,8,0
            """,
        ]
        let careful = try await catalog(own)
        #expect(prices(careful) == ["m6.xlarge@east=0.2"])
        var filter = CatalogFilter()
        filter.flagged = .only
        #expect(
            careful.list(filter, limit: nil).offers.map { "\($0.offer.instanceType)@\($0.offer.region) \($0.flags)" }
                == [
                    "m6.large@west [the price is 0]", "aged@west [the figure is from 2020-01-01]",
                    "m6.large@east [the price was 0.1]",
                ])
        let bold = try await catalog(
            own, settings: CatalogSettings(today: CalendarDay("2026-11-22"), usesFlagged: true))
        #expect(
            prices(bold) == ["m6.large@east=0.01", "m6.large@west=0", "m6.xlarge@east=0.2", "aged@west=0.001"])
        var trusted = own
        trusted["cloud/provider.yaml"] = "name: cloud\ntrusted: true\n"
        let trusting = try await catalog(trusted)
        #expect(prices(trusting) == ["m6.large@east=0.01", "m6.large@west=0", "m6.xlarge@east=0.2"])
    }

    @Test("a price far from that of all other regions is flagged")
    func outliers() {
        var rows = OfferRows(
            ["a", "b", "c", "d", "e", "f"].enumerated().map { index, region in
                Offer(
                    provider: "p", region: region, instanceType: "t", cpus: 2, memoryGiB: 4,
                    pricePerHour: Money(nanodollars: index == 3 ? 20 : index == 4 ? 500 : 100))
            })
        rows.flagOutliers()
        #expect((0..<6).map { rows[$0].flags } == [[], [], [], .outlier, .outlier, []])
    }

    @Test("mistakes are shown where they are")
    func mistakes() async throws {
        let yaml = """
            name: cloud
            trusted: perhaps
            discounts:
              - {types: m7, percent: 10}
              - {percent: 120}
              - {types: m6, market: sport, percent: 5}
            reservations:
              - {instance_type: p4.bug, region: east, count: 2}
              - {region: east, count: none}
            committed_use:
              - {types: m6, region: east, count: 1}
            hosts:
              - {name: box, region: attic, cpus: 4, memory_gib: 8}
              - {name: box, region: east, cpus: 4, price: 100}
            """
        let own = ["cloud/provider.yaml": yaml]
        let error = await #expect(throws: DiagnosticsError.self) { try await catalog(own) }
        let diagnostics = (error?.diagnostics ?? []).map { problem in
            var problem = problem
            problem.path = "provider.yaml"
            return problem
        }
        let rendered = DiagnosticRenderer(sources: [SourceFile(path: "provider.yaml", text: yaml)]).render(diagnostics)
        try expectGolden(rendered, "user-mistakes.txt")
    }

    @Test("settings are read, and mistakes in them are reported")
    func settings() async throws {
        try await withTemporaryFolder { folder in
            #expect(try CatalogSettings.read(from: folder, today: nil) == CatalogSettings())
            try SmallFolder.write(["settings.yaml": "max_age: 30d\nuse_flagged: true\n"], to: folder)
            let settings = try CatalogSettings.read(from: folder, today: nil)
            #expect(settings.maximumAgeInDays == 30 && settings.usesFlagged)
            try SmallFolder.write(["settings.yaml": "max_age: soon\nuse_flagged: 1\nmax_agee: 2d\n"], to: folder)
            let error = #expect(throws: DiagnosticsError.self) { try CatalogSettings.read(from: folder, today: nil) }
            #expect(error?.diagnostics.map(\.range?.start.line) == [1, 2, 3])
        }
    }

    @Test(
        "patterns mean a type, its family, or what they spell",
        arguments: [
            ("m6", "m6.large", true), ("m6", "m6i.large", false), ("m6*", "m6i.large", true), ("m6", "m6", true),
            ("n1", "n1-standard-8", true), ("Standard_D?s_v5", "Standard_D8s_v5", true),
            ("Standard_D?s_v5", "Standard_D16s_v5", false), ("*", "", true), ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
        ])
    func patterns(pattern: String, name: String, matches: Bool) {
        #expect(TypePattern(text: pattern).matches(name) == matches)
    }

    @Test(
        "days are read as the calendar has them",
        arguments: ["1970-01-01", "2000-02-29", "2024-02-29", "2026-11-22", "2100-03-01", "1969-12-31"])
    func days(text: String) {
        #expect(CalendarDay(text)?.description == text)
    }

    @Test("what is no day is none", arguments: ["2023-02-29", "2026-13-01", "2026-1-1", "", "2026-11-31", "x"])
    func noDays(text: String) {
        #expect(CalendarDay(text) == nil)
        #expect(CalendarDay("1970-01-02")?.number == 1 && CalendarDay("2026-11-22")?.number == 20_779)
    }
}
