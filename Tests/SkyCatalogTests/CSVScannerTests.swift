import Testing

@testable import SkyCatalog

@Suite("Reading comma-separated bytes")
struct CSVScannerTests {
    private func rows(_ text: String) -> [[String]] {
        let bytes = Array(text.utf8)
        var scanner = CSVScanner()
        var fields: [CSVScanner.Field] = []
        var rows: [[String]] = []
        while true {
            switch scanner.next(&fields, in: bytes.span) {
            case .row: rows.append(fields.map { bytes.span.text($0) })
            case .badQuote(let offset): rows.append(["bad quote at \(offset)"])
            case .end: return rows
            }
        }
    }

    @Test(
        "rows come out whatever ends their lines",
        arguments: [
            ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
            ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
            ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
            ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
            ("\n\na,b\n\n\r\n1,2\n\n", [["a", "b"], ["1", "2"]]),
            ("\u{feff}a,b\n", [["a", "b"]]),
            ("a\rb,c\n", [["a\rb", "c"]]),
            (",\n,,\n", [["", ""], ["", "", ""]]),
            ("a,", [["a", ""]]),
            ("", []),
            ("\n", []),
        ])
    func lineEnds(text: String, expected: [[String]]) {
        #expect(rows(text) == expected)
    }

    @Test(
        "a quoted field holds commas, line breaks and doubled quotes",
        arguments: [
            ("\"a,b\",c\n", [["a,b", "c"]]),
            ("\"a\nb\",c\n", [["a\nb", "c"]]),
            ("\"say \"\"hi\"\"\",c\n", [["say \"hi\"", "c"]]),
            ("\"\"\"\",\"\"\n", [["\"", ""]]),
            ("\"a\"\r\n\"b\"", [["a"], ["b"]]),
            ("a\"b,c\n", [["a\"b", "c"]]),
        ])
    func quotes(text: String, expected: [[String]]) {
        #expect(rows(text) == expected)
    }

    @Test("a bad quote costs its line only")
    func badQuotes() {
        #expect(rows("1,\"a\"b,2\n3,4\n") == [["bad quote at 2"], ["3", "4"]])
        #expect(rows("1,\"open\n") == [["bad quote at 2"]])
    }

    @Test(
        "decimal digits are read exactly",
        arguments: [
            ("0", 0), ("8", 8_000_000_000), ("0.3456", 345_600_000), (".5", 500_000_000), ("7.", 7_000_000_000),
            ("0.000000001", 1), ("25804.8", 25_804_800_000_000), ("9223372036", 9_223_372_036_000_000_000),
        ])
    func decimals(text: String, billionths: Int64) {
        #expect(DecimalBytes(text)?.billionths == billionths)
    }

    @Test(
        "what is no decimal number is none",
        arguments: [
            "", ".", "-1", "+1", "1e3", "1,5", "1.2.3", "0x1", " 1", "0.0000000001", "9223372037", "NaN",
            "9999999999999999999",
        ])
    func notDecimals(text: String) {
        #expect(DecimalBytes(text) == nil)
    }

    @Test("names keep their numbers while the table grows")
    func names() {
        var table = NameTable()
        let words = (0..<5000).map { "name-\($0 % 2500)" }
        let ids = words.map { table.intern($0) }
        #expect(table.count == 2500)
        #expect(zip(words, ids).allSatisfy { table[$1] == $0 && table.id(of: $0) == $1 })
        #expect(table.id(of: "name-2500") == nil)
        #expect(table.intern("") == 2500)
        #expect(table.id(of: "") == 2500)
    }
}
