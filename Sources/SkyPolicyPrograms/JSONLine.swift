/// One line of JSON, written piece by piece. Problems have tens of thousands of candidates: this is many times faster
/// than an encoder that asks every value for its keys.
struct JSONLine {
    private(set) var bytes: [UInt8] = []
    /// Whether the next value follows another one.
    private var needsComma = false

    mutating func object(_ body: (inout JSONLine) -> Void) { enclosed("{", "}", body) }

    mutating func array<Items: Sequence>(_ items: Items, _ body: (inout JSONLine, Items.Element) -> Void) {
        enclosed("[", "]") { line in
            for item in items { body(&line, item) }
        }
    }

    mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    mutating func literal(_ value: some CustomStringConvertible) {
        separate()
        bytes += value.description.utf8
    }

    /// Numbers that JSON cannot write become null.
    mutating func number(_ value: Double) {
        if let whole = Int64(exactly: value) { literal(whole) } else { value.isFinite ? literal(value) : null() }
    }

    mutating func null() { literal("null") }

    mutating func field(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    mutating func field(_ name: String, _ value: Double?) {
        key(name)
        if let value { number(value) } else { null() }
    }

    mutating func field(_ name: String, _ value: Bool) {
        key(name)
        literal(value)
    }

    mutating func field(_ name: String, strings: some Sequence<String>) {
        key(name)
        array(strings) { $0.string($1) }
    }

    mutating func end() { bytes.append(UInt8(ascii: "\n")) }

    private mutating func enclosed(_ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONLine) -> Void) {
        separate()
        bytes.append(UInt8(ascii: open))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.contains(where: Self.isSpecial) {
            for byte in text.utf8 { escape(byte) }
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        guard Self.isSpecial(byte) else { return bytes.append(byte) }
        guard byte < 0x20 else { return bytes.append(contentsOf: [UInt8(ascii: "\\"), byte]) }
        let digits = String(byte, radix: 16)
        bytes += "\\u00\(digits.count < 2 ? "0" : "")\(digits)".utf8
    }
}
