/// An element of an XML answer: names without their prefix, attributes left out, white space kept.
///
/// It reads what services answer. There are no entities but the five of XML and numbers, so nothing can blow up; nesting ends
/// at 64.
public struct XMLElement: Hashable, Sendable {
    public let name: String
    public private(set) var children: [XMLElement] = []
    /// Of the element itself, without that of its children.
    public private(set) var text = ""

    public struct Malformed: Error, Hashable, Sendable {
        /// What is wrong, at which byte.
        public let reason: String
    }

    public init(parsing bytes: [UInt8]) throws(Malformed) {
        var reader = XMLReader(bytes)
        self = try reader.document()
    }

    init(name: String) { self.name = name }

    public func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    public func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// Of the first child of this name.
    public func text(_ name: String) -> String? { first(name)?.text }

    mutating func append(_ child: XMLElement) { children.append(child) }

    mutating func append(_ text: String) { self.text += text }
}

private struct XMLReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(XMLElement.Malformed) -> XMLElement {
        if has("\u{feff}") { position += 3 }
        try skipProlog()
        guard has("<") else { throw wrong("an element was expected") }
        let root = try element(depth: 0)
        try skipProlog()
        guard position == bytes.count else { throw wrong("something follows the last element") }
        return root
    }

    /// White space, comments, instructions and a document type, which says nothing that matters here.
    private mutating func skipProlog() throws(XMLElement.Malformed) {
        while true {
            skipBlanks()
            if has("<?") {
                try skip(past: "?>")
            } else if has("<!--") {
                try skip(past: "-->")
            } else if has("<!") {
                try skip(past: ">")
            } else {
                return
            }
        }
    }

    private mutating func element(depth: Int) throws(XMLElement.Malformed) -> XMLElement {
        guard depth < 64 else { throw wrong("elements are nested too deep") }
        position += 1
        let name = try readName()
        var element = XMLElement(name: Self.local(name))
        if try skipAttributes() { return element }
        while true {
            if has("</") {
                position += 2
                guard try readName() == name else { throw wrong("<\(name)> is closed by another name") }
                skipBlanks()
                guard has(">") else { throw wrong("'>' was expected") }
                position += 1
                return element
            } else if has("<![CDATA[") {
                position += 9
                let start = position
                try skip(past: "]]>")
                element.append(String(decoding: bytes[start..<position - 3], as: UTF8.self))
            } else if has("<!--") {
                try skip(past: "-->")
            } else if has("<?") {
                try skip(past: "?>")
            } else if has("<") {
                element.append(try self.element(depth: depth + 1))
            } else {
                element.append(try readText())
            }
        }
    }

    /// True when the element ends here (`/>`).
    private mutating func skipAttributes() throws(XMLElement.Malformed) -> Bool {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: ">"):
                position += 1
                return false
            case UInt8(ascii: "/") where has("/>"):
                position += 2
                return true
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                let quote = bytes[position]
                guard let end = bytes[(position + 1)...].firstIndex(of: quote) else {
                    throw wrong("a quote never ends")
                }
                position = end + 1
            default: position += 1
            }
        }
        throw wrong("an element never ends")
    }

    private mutating func readName() throws(XMLElement.Malformed) -> String {
        let start = position
        while position < bytes.count, !Self.endsName(bytes[position]) { position += 1 }
        guard position > start else { throw wrong("a name was expected") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func readText() throws(XMLElement.Malformed) -> String {
        guard position < bytes.count else { throw wrong("an element never ends") }
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            if bytes[position] == UInt8(ascii: "&") {
                text += Array(try readReference().utf8)
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func readReference() throws(XMLElement.Malformed) -> String {
        let window = bytes[position..<min(position + 12, bytes.count)]
        guard let end = window.firstIndex(of: UInt8(ascii: ";")) else { throw wrong("a bare '&'") }
        let name = String(decoding: bytes[position + 1..<end], as: UTF8.self)
        defer { position = end + 1 }
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
            guard name.hasPrefix("#"), let number, let scalar = Unicode.Scalar(number) else {
                throw wrong("an unknown entity '&\(name);'")
            }
            return String(scalar)
        }
    }

    private mutating func skipBlanks() {
        while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    }

    private mutating func skip(past end: String) throws(XMLElement.Malformed) {
        while position < bytes.count, !has(end) { position += 1 }
        guard position < bytes.count else { throw wrong("'\(end)' was expected") }
        position += end.utf8.count
    }

    private func has(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private func wrong(_ reason: String) -> XMLElement.Malformed {
        XMLElement.Malformed(reason: "\(reason) (byte \(position))")
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0a, 0x0d].contains(byte) }

    private static func endsName(_ byte: UInt8) -> Bool {
        isBlank(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "<")
    }

    private static func local(_ name: String) -> String {
        name.firstIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? name
    }
}
