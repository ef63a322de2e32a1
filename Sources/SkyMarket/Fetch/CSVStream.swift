/// Reads comma-separated text that comes in pieces, a row at a time: what is held is the piece and the row that has begun.
///
/// Fields may be quoted, with doubled quotes and line breaks in them; lines end in LF or CR LF.
struct CSVStream {
    /// A row while it is looked at.
    struct Row {
        fileprivate let bytes: UnsafeBufferPointer<UInt8>
        fileprivate let fields: [Range<Int>]
        /// Of its first line, counted from 1.
        let line: Int

        var count: Int { fields.count }

        func text(_ index: Int) -> String {
            guard fields.indices.contains(index) else { return "" }
            let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[fields[index]]), as: UTF8.self)
            return text.contains("\"") ? text.replacing("\"\"", with: "\"") : text
        }

        func equals(_ index: Int, _ wanted: [UInt8]) -> Bool {
            guard fields.indices.contains(index), fields[index].count == wanted.count else { return false }
            return bytes[fields[index]].elementsEqual(wanted)
        }
    }

    struct Malformed: Error, Hashable {
        let line: Int
        let reason: String
    }

    /// A row that never ends is no row.
    private static let longestRow = 1 << 20

    private var pending: [UInt8] = []
    private var fields: [Range<Int>] = []
    private var line = 1

    /// - Throws: `Malformed`, or what `body` throws.
    mutating func take(_ piece: UnsafeBufferPointer<UInt8>, _ body: (Row) throws -> Void) throws {
        pending.append(contentsOf: piece)
        let used = try rows(isLast: false, body)
        pending.removeFirst(used)
        guard pending.count <= Self.longestRow else { throw Malformed(line: line, reason: "the row never ends") }
    }

    /// The last row may lack its end.
    mutating func finish(_ body: (Row) throws -> Void) throws {
        let used = try rows(isLast: true, body)
        guard used == pending.count else { throw Malformed(line: line, reason: "the text ends within a quoted field") }
        pending = []
    }

    /// Goes through all whole rows, and says how many bytes they were.
    private mutating func rows(isLast: Bool, _ body: (Row) throws -> Void) throws -> Int {
        let storage = pending
        return try storage.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                let first = line
                guard let end = row(bytes, from: start, isLast: isLast) else {
                    line = first
                    break
                }
                if !(fields.count == 1 && fields[0].isEmpty) {
                    try body(Row(bytes: bytes, fields: fields, line: first))
                }
                start = end
            }
            return start
        }
    }

    /// Finds the fields of one row, and where the next begins; nil when its end has not come yet.
    private mutating func row(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool) -> Int? {
        fields.removeAll(keepingCapacity: true)
        var position = start
        var fieldStart = start
        var (isQuoted, wasQuoted) = (false, false)
        while position < bytes.count {
            let byte = bytes[position]
            if isQuoted {
                if byte == 0x22 { isQuoted = false } else if byte == 0x0A { line += 1 }
            } else if byte == 0x22 {
                // The second of two doubled quotes opens again; the text between is one field all the same.
                isQuoted = true
                wasQuoted = true
            } else if byte == 0x2C {
                fields.append(Self.field(fieldStart..<position, wasQuoted))
                fieldStart = position + 1
                wasQuoted = false
            } else if byte == 0x0A {
                let end = position > fieldStart && bytes[position - 1] == 0x0D ? position - 1 : position
                fields.append(Self.field(fieldStart..<end, wasQuoted))
                line += 1
                return position + 1
            }
            position += 1
        }
        guard isLast, !isQuoted else { return nil }
        fields.append(Self.field(fieldStart..<position, wasQuoted))
        return position
    }

    private static func field(_ range: Range<Int>, _ wasQuoted: Bool) -> Range<Int> {
        wasQuoted && range.count >= 2 ? range.lowerBound + 1..<range.upperBound - 1 : range
    }
}
