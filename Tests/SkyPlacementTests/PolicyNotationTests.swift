import SkyCore
import SkyPlacement
import SkyTestSupport
import Testing

@Suite("How policies are written")
struct PolicyNotationTests {
    private func policy(_ text: String) throws -> any PlacementPolicy {
        try BuiltInPolicies.policy(text) { PolicyMarket.carbon }
    }

    @Test(
        "names and parameters are read in any form",
        arguments: [
            ("cheapest", "cheapest"), ("CHEAPEST", "cheapest"), ("within-deadline:8h", "cheapest within 8h"),
            ("within-deadline:deadline=90m", "cheapest within 1h 30m"), ("within-budget:50", "fastest within $50.00"),
            ("data-gravity:$0.5/gb", "data gravity at $0.50/GB"), ("carbon:100", "carbon at $100.00/t"),
            ("residency:EU,UK", "residency in eu or uk"), ("sticky:10", "sticky up to 10%"),
            ("sticky:unless-saving=2.5%", "sticky up to 2.5%"), ("spot-first", "spot first"),
        ])
    func names(text: String, name: String) throws {
        #expect(try policy(text).name == name)
    }

    @Test("mistakes say what would be right")
    func mistakes() throws {
        let texts = [
            "", "chepest", "nonsense", "cheapest:8h", "cheapest:deadline=8h", "within-deadline", "within-deadline:",
            "within-deadline:8", "within-deadline:-8h", "within-deadline:0h", "within-deadline:8h,9h",
            "within-deadline:deadlin=8h", "within-deadline:8h,deadline=9h", "within-budget:$", "within-budget:-1",
            "sticky:110%", "sticky:often", "residency", "residency:", "residency:eu,,us", "data-gravity:heavy",
            "carbon:$100/h",
        ]
        var page = ""
        for text in texts {
            do {
                page += "--policy '\(text)'\n  understood as \(try policy(text).name)\n"
            } catch let error as PolicyNotationError {
                page += "--policy '\(text)'\n  \(error.message)\n" + error.hints.map { "  → \($0)\n" }.joined()
            }
        }
        try expectGolden(page, "policy-mistakes.txt")
    }

    @Test("what follows 'then' is the next policy")
    func parts() {
        #expect(PolicyNotation.parts(of: "residency:eu then  carbon") == ["residency:eu", "carbon"])
        #expect(PolicyNotation.parts(of: "exec:./a b then cheapest") == ["exec:./a b", "cheapest"])
        #expect(PolicyNotation.parts(of: "then") == ["", ""])
    }

    @Test("every policy is described, and can be written as its description says")
    func described() throws {
        for known in BuiltInPolicies.all {
            #expect(try !policy(known.notation).name.isEmpty)
            #expect(known.summary.count < 90 && !known.summary.hasSuffix("."))
        }
        #expect(Set(BuiltInPolicies.all.map(\.name)).count == BuiltInPolicies.all.count)
    }

    @Test("figures are only asked for by the policy that needs them")
    func lazily() throws {
        struct Unavailable: Error {}
        for known in BuiltInPolicies.all where known.name != "carbon" {
            _ = try BuiltInPolicies.policy(known.notation) { throw Unavailable() }
        }
        #expect(throws: Unavailable.self) { try BuiltInPolicies.policy("carbon") { throw Unavailable() } }
    }
}

@Suite("Carbon figures")
struct CarbonFigureTests {
    private let grid =
        "# comment\nplace,grams_per_kwh,year,source\ngcp/x,10.5,2024,a\nde,300,2023,b\nworld,480,2022,b\n"
    private let power = """
        part,name,value,source
        cpu,*,3,a
        cpu,arm64,2,a
        memory,*,0.4,a
        accelerator,*,300,a
        accelerator,A100,400,a
        overhead,*,1.5,a
        overhead,gcp,1.1,a
        """

    private func figures(grid: String? = nil, power: String? = nil) throws -> CarbonFigures {
        try CarbonFigures(
            grid: SourceFile(path: "grid.csv", text: grid ?? self.grid),
            power: SourceFile(path: "power.csv", text: power ?? self.power))
    }

    @Test("a region's own figure counts before its country's")
    func places() throws {
        let figures = try figures()
        let x = Location(provider: "gcp", region: "x")
        #expect(figures.gramsPerKWh(at: x, in: ["de"]) == 10.5)
        #expect(figures.gramsPerKWh(at: Location(provider: "gcp", region: "y"), in: ["eu", "de"]) == 300)
        #expect(figures.gramsPerKWh(at: Location(provider: "gcp", region: "y"), in: []) == nil)
        #expect(figures.worldGramsPerKWh == 480)
        #expect(figures.wattsPerAccelerator["A100"] == 400)
        #expect(figures.overhead["gcp"] == 1.1)
    }

    @Test("everything that is wrong is said at once, with its place")
    func mistakes() throws {
        let error = #expect(throws: DiagnosticsError.self) {
            try figures(
                grid:
                    "place,grams,year,source\nde,300,2023\nfr,many,2023,b\nfr,50,2023,b\nfr,51,2023,b\nit,-1,2023,b\n",
                power: power + "\nacelerator,H100,700,a\n")
        }
        let problems = try #require(error)
        let text = DiagnosticRenderer(sources: problems.sources, style: .plain).render(problems.diagnostics)
        try expectGolden(text, "carbon-mistakes.txt")
    }
}
