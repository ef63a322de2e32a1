/// Reads comma-separated bytes row by row, without copying a field: fields are stretches of the bytes, which are
/// handed in anew for each step (a `Span` costs no reference counting, and that is most of what reading costs).
///
/// Lines end in LF or CR LF; the last may lack its end. A field that begins with a quote runs to the closing quote
/// and may hold commas, line breaks and doubled quotes. Blank lines are skipped.
struct CSVScanner {
    struct Field {
        var range: Range<Int>
        /// The field holds doubled quotes that `unescaped` still has to halve.
        var hasDoubledQuotes = false
    }

    enum Step: Equatable {
        case row
        case end
        /// The quote at this offset is never closed, or text follows the closing quote.
        case badQuote(offset: Int)
    }

    /// Of the row read last.
    private(set) var rowStart = 0
    private var position = 0

    /// Replaces `fields` with those of the next row. After `badQuote` the rest of that line is skipped.
    mutating func next(_ fields: inout [Field], in bytes: Span<UInt8>) -> Step {
        fields.removeAll(keepingCapacity: true)
        if position == 0 { skipByteOrderMark(bytes) }
        skipBlankLines(bytes)
        guard position < bytes.count else { return .end }
        rowStart = position
        while true {
            if position < bytes.count, bytes[position] == quote {
                guard let field = quotedField(bytes) else { return recover(bytes) }
                fields.append(field)
            } else {
                fields.append(plainField(bytes))
            }
            guard position < bytes.count, bytes[position] == comma else { break }
            position += 1
        }
        if position < bytes.count { position += bytes[position] == carriageReturn ? 2 : 1 }
        return .row
    }

    private mutating func skipByteOrderMark(_ bytes: Span<UInt8>) {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
    }

    private mutating func skipBlankLines(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            if bytes[position] == lineFeed {
                position += 1
            } else if endsLine(bytes, at: position) {
                position += 2
            } else {
                return
            }
        }
    }

    /// True at CR LF. A lone CR is an ordinary byte.
    private func endsLine(_ bytes: Span<UInt8>, at offset: Int) -> Bool {
        bytes[offset] == carriageReturn && offset + 1 < bytes.count && bytes[offset + 1] == lineFeed
    }

    private mutating func plainField(_ bytes: Span<UInt8>) -> Field {
        let start = position
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            // One comparison passes nearly every byte: what may end a field is small.
            guard byte <= comma else {
                end += 1
                continue
            }
            if byte == comma || byte == lineFeed || (byte == carriageReturn && endsLine(bytes, at: end)) { break }
            end += 1
        }
        position = end
        return Field(range: start..<end)
    }

    private mutating func quotedField(_ bytes: Span<UInt8>) -> Field? {
        let start = position + 1
        var end = start
        var doubled = false
        while end < bytes.count {
            guard bytes[end] == quote else {
                end += 1
                continue
            }
            guard end + 1 < bytes.count, bytes[end + 1] == quote else { break }
            doubled = true
            end += 2
        }
        guard end < bytes.count else { return nil }
        let after = end + 1
        guard after == bytes.count || bytes[after] == comma || bytes[after] == lineFeed || endsLine(bytes, at: after)
        else {
            return nil
        }
        position = after
        return Field(range: start..<end, hasDoubledQuotes: doubled)
    }

    private mutating func recover(_ bytes: Span<UInt8>) -> Step {
        let offset = position
        while position < bytes.count, bytes[position] != lineFeed { position += 1 }
        if position < bytes.count { position += 1 }
        return .badQuote(offset: offset)
    }
}

extension Span<UInt8> {
    /// The text of a field, doubled quotes halved.
    func text(_ field: CSVScanner.Field) -> String {
        var result: [UInt8] = []
        var skip = false
        for offset in field.range {
            skip = field.hasDoubledQuotes && self[offset] == quote && !skip
            if !skip { result.append(self[offset]) }
        }
        return String(decoding: result, as: UTF8.self)
    }

    func text(_ range: Range<Int>) -> String { text(CSVScanner.Field(range: range)) }
}

private let quote = UInt8(ascii: "\"")
private let comma = UInt8(ascii: ",")
private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
