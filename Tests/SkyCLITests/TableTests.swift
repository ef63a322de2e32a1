import SkyCore
import Testing

@testable import SkyCLI

@Suite("Tables")
struct TableTests {
    private func table() -> Table {
        var table = Table([
            .init("NAME", shrinksTo: 4), .init("COUNT", .right), .init("EXTRA", isOptional: true),
            .init("WHERE", shrinksTo: 6),
        ])
        table.addHeader()
        table.addRow(["short", "1", "", "here"])
        table.addRow(["日本語のパイプライン", "1,234", "", "a-rather-long-place-name"])
        return table
    }

    @Test("columns line up whatever the letters, and an empty optional column is not there")
    func alignment() {
        let expected = """
            NAME                  COUNT  WHERE
            short                     1  here
            日本語のパイプライン  1,234  a-rather-long-place-name

            """
        #expect(plainText(table().lines(width: nil)) == expected)
    }

    @Test("a terminal too small cuts the widest columns first", arguments: 25...60)
    func shrinking(width: Int) {
        let lines = table().lines(width: width)
        #expect(lines.allSatisfy { $0.width <= width })
        #expect(plainText(lines).contains("1,234"))
    }

    @Test("what may not be cut stays whole in the smallest terminal")
    func floor() {
        #expect(plainText(table().lines(width: 5)).contains("1,234"))
    }

    @Test("a cell across columns takes their place and widens them if it must")
    func spans() {
        var table = Table([.init("A"), .init("B", shrinksTo: 1), .init("C", .right)])
        table.addRow(["x", "y", "1"])
        table.addRow([.init("a long way from here", span: 2), .init("22")])
        let expected = """
            x  y                   1
            a long way from here  22

            """
        #expect(plainText(table.lines(width: nil)) == expected)
        #expect(table.lines(width: 12).allSatisfy { $0.width <= 12 })
    }

    @Test("a note begins under its column and is cut at the edge")
    func notes() {
        var table = Table([.init("A"), .init("B")])
        table.addRow(["first", "second"])
        table.addNote("a note longer than the table", under: 1)
        #expect(plainText(table.lines(width: 20)) == "first  second\n       a note longe…\n")
    }
}
