import SkyTestSupport
import Testing

@testable import SkyMarket

@Suite("Comma-separated text that comes in pieces")
struct CSVStreamTests {
    private func rows(_ text: String, piece: Int) throws -> [String] {
        var stream = CSVStream()
        var rows: [String] = []
        func add(_ row: CSVStream.Row) {
            rows.append("\(row.line):" + (0..<row.count).map { row.text($0) }.joined(separator: "|"))
        }
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let part = Array(bytes[start..<min(start + piece, bytes.count)])
            try part.withUnsafeBufferPointer { try stream.take($0) { add($0) } }
        }
        try stream.finish { add($0) }
        return rows
    }

    private static let text = "a,b,c\r\n\"x, y\",\"say \"\"hi\"\"\",\n\n\"two\nlines\",2,3\r\nlast,,end"

    @Test("rows are the same however the text is cut", arguments: 1...60)
    func pieces(piece: Int) throws {
        #expect(
            try rows(Self.text, piece: piece) == [
                "1:a|b|c", "2:x, y|say \"hi\"|", "4:two\nlines|2|3", "6:last||end",
            ])
    }

    @Test("a quote that never ends, and a row that never ends, are said with their line")
    func malformed() {
        #expect(throws: CSVStream.Malformed.self) { _ = try rows("a\nb,\"c\nd", piece: 3) }
        let long = String(repeating: "x", count: 1_100_000)
        let error = #expect(throws: CSVStream.Malformed.self) { _ = try rows("a\n" + long, piece: 65_536) }
        #expect(error?.line == 2)
    }
}
