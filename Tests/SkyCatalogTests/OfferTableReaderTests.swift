import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("Reading offers.csv")
struct OfferTableReaderTests {
    static let header =
        "instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities,provenance"

    private func read(_ text: String) -> (table: OfferRows, diagnostics: [Diagnostic]) {
        var reader = OfferTableReader(
            bytes: Array(text.utf8), path: "offers.csv", regionNames: ["east", "west"],
            host: HostShape(cpus: 6, memoryGiB: 15.5))
        return reader.read()
    }

    private func kinds(_ table: OfferRows, _ row: OfferRows.Row) -> [PriceProvenance.Kind] {
        let pair = table.sourcePairs[Int(row.sourcePair)]
        return [pair.onDemand, pair.spot].map { table.sources[Int($0)].kind }
    }

    @Test("every column of a row is kept")
    func columns() throws {
        let (table, diagnostics) = read(
            "\(Self.header)\nbig,east,e1;e2,A10:0.5,3.5,7.75,0.1234,0.0617,nvlink;efa,observed/derived\n")
        #expect(diagnostics.isEmpty)
        try #require(table.count == 1)
        let row = table[0]
        #expect(table.types[row.type] == "big" && table.regions[row.region] == "east")
        #expect(table.zoneLists == [["e1", "e2"]] && table.capabilitySets == [["efa", "nvlink"]])
        #expect(table.accelerators == [AcceleratorCount(name: "A10", count: 0.5)])
        #expect(row.cpus == 3.5 && row.memoryGiB == 7.75)
        #expect(row.onDemand == 123_400_000 && row.spot == 61_700_000)
        #expect(kinds(table, row) == [.observed, .derived])
        #expect(row.interruptions.isNaN && row.flags.isEmpty && row.available == -1)
    }

    @Test("columns may stand in any order, and those that are optional may be missing")
    func columnOrder() {
        let (table, diagnostics) = read("price,cpus,memory_gib,region,instance_type\r\n1,2,4,west,small")
        #expect(diagnostics.isEmpty)
        #expect(table[0].onDemand == 1_000_000_000 && table[0].spot == OfferRows.noPrice && table[0].accelerator == -1)
        #expect(kinds(table, table[0]) == [.observed, .none])
    }

    @Test("host stands for the machine's own shape")
    func host() {
        let (table, diagnostics) = read("instance_type,region,cpus,memory_gib,price\nlocal,east,host,host,0\n")
        #expect(diagnostics.isEmpty)
        #expect(table[0].cpus == 6 && table[0].memoryGiB == 15.5 && table[0].onDemand == 0)
    }

    @Test("all mistakes of a file are reported at once, each at its field")
    func mistakes() throws {
        let text = """
            \(Self.header)
            ok,east,,,2,8,0.1,,,
            ä,east,,,two,8,-1,,,
            ok,nroth,,A100,2,0,0.1,0.05,,guess
            ok,east,,,2,8,,,,
            ,east,,,2,8,0.1,,,
            ok,east,,,2,8,0.1
            ok,east,,,2,8,"0.1"x,,,
            ok,west,,,2,8,0.1,,,
            """
        let (table, diagnostics) = read(text)
        #expect(table.count == 2, "bad rows are left out, good ones stay")
        let source = SourceFile(path: "offers.csv", text: text)
        try expectGolden(DiagnosticRenderer(sources: [source]).render(diagnostics), "offer-mistakes.txt")
    }

    @Test("a header with mistakes is reported with the nearest names")
    func headers() throws {
        let text = "instance_type,regoin,cpus,memory_gib,price,price\n"
        let rendered = DiagnosticRenderer(sources: [SourceFile(path: "offers.csv", text: text)])
            .render(read(text).diagnostics)
        try expectGolden(rendered, "offer-header-mistakes.txt")
        #expect(read("").diagnostics.map(\.code) == ["catalog.empty-file"])
    }

    @Test("a file of nothing but mistakes says how many more there are")
    func manyMistakes() {
        let rows = String(repeating: "ok,east,,,2,8,free,,,\n", count: 200)
        let diagnostics = read("\(Self.header)\n\(rows)").diagnostics
        #expect(diagnostics.count == CSVComplaints.limit + 1)
        #expect(diagnostics.last?.message == "150 more problems in this file")
        #expect(diagnostics.first?.range?.start == SourcePosition(line: 2, column: 15))
    }
}
