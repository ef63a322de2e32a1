import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("JSON output")
struct JSONTests {
    @Test("runs have a documented shape, with exact money and moments that machines read")
    func runs() throws {
        let runs = [Samples.run(), Samples.servingRun(), Samples.failedRun()].map(RunJSON.init)
        try expectGolden(try JSONText.encode(RunListJSON(runs: runs)), "status.json")
    }

    @Test("offers have a documented shape")
    func offers() throws {
        let offers = [Samples.confidential, Samples.tpu, Samples.inferentia].map { Samples.listed($0) }
        try expectGolden(try JSONText.encode(CatalogJSON(offers: offers, total: 5312)), "catalog.json")
    }

    @Test("complaints have a documented shape")
    func complaints() throws {
        let range = SourceRange(start: .init(line: 3, column: 5), end: .init(line: 3, column: 11))
        let diagnostic = Diagnostic(
            code: "spec.unknown-field", path: "a.yaml", range: range, message: "unknown field 'inptus'",
            expected: "one of inputs, outputs", help: "did you mean 'inputs'?",
            notes: [.init(range: range, message: "first given here")])
        try expectGolden(
            try JSONText.encode(ValidationJSON([("a.yaml", [diagnostic]), ("b.yaml", [])])), "validate.json")
    }

    @Test(
        "money keeps its last nanodollar",
        arguments: [(1, "0.000000001"), (-1_500_000_000, "-1.5"), (0, "0"), (62_526_200_000, "62.5262")]
            as [(Int64, String)])
    func money(nanodollars: Int64, text: String) throws {
        #expect(try JSONText.encode([Dollars(Money(nanodollars: nanodollars))]).contains("\"\(text)\"\n"))
    }
}
