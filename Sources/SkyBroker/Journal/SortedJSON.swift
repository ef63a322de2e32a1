/// JSON text, written straight into one buffer: to the byte what `JSONEncoder` writes with sorted keys and slashes left
/// as they are, in a third of its time. An event is written often, and its run waits for it.
///
/// A container takes values until something is written to one around it: that is how synthesized conformances, and
/// all of ours, use them.
struct SortedJSON {
    private struct Level {
        let isObject: Bool
        /// Its first entry, among those of all open containers.
        let firstEntry: Int
        var isSorted = true
    }

    private struct Entry {
        let key: String
        /// Where it begins.
        let start: Int
    }

    private var bytes: [UInt8] = []
    /// The open containers, outermost first.
    private var levels: [Level] = []
    private var entries: [Entry] = []

    static func text(of value: some Encodable) throws -> String {
        let page = JSONPage()
        try value.encode(to: JSONPlace(page: page, depth: 0))
        return page.json.finished()
    }

    fileprivate init() {
        bytes.reserveCapacity(512)
        levels.reserveCapacity(8)
        entries.reserveCapacity(32)
    }

    fileprivate mutating func finished() -> String {
        close(downTo: 0)
        if bytes.isEmpty { bytes += "{}".utf8 }
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate var count: Int { bytes.count }

    /// A value that is in the container of this depth has been written; `start` is where it begins.
    fileprivate mutating func closeValue(from start: Int, at depth: Int) {
        close(downTo: depth)
        if bytes.count == start { bytes += "{}".utf8 }
    }

    fileprivate mutating func open(isObject: Bool, at depth: Int) {
        close(downTo: depth)
        levels.append(Level(isObject: isObject, firstEntry: entries.count))
        bytes.append(UInt8(ascii: isObject ? "{" : "["))
    }

    fileprivate mutating func key(_ key: String, at depth: Int) {
        close(downTo: depth)
        if entries.count > levels[depth - 1].firstEntry {
            bytes.append(UInt8(ascii: ","))
            if levels[depth - 1].isSorted, !Self.comes(entries[entries.count - 1].key, before: key) {
                levels[depth - 1].isSorted = false
            }
        }
        entries.append(Entry(key: key, start: bytes.count))
        write(key)
        bytes.append(UInt8(ascii: ":"))
    }

    fileprivate mutating func item(_ index: Int, at depth: Int) {
        close(downTo: depth)
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func close(downTo depth: Int) {
        while levels.count > depth, let level = levels.popLast() {
            if !level.isSorted { sortEntries(from: level.firstEntry) }
            entries.removeLast(entries.count - level.firstEntry)
            bytes.append(UInt8(ascii: level.isObject ? "}" : "]"))
        }
    }

    private mutating func sortEntries(from first: Int) {
        let start = entries[first].start
        var sorted: [UInt8] = []
        sorted.reserveCapacity(bytes.count - start)
        for index in (first..<entries.count).sorted(by: { Self.comes(entries[$0].key, before: entries[$1].key) }) {
            if !sorted.isEmpty { sorted.append(UInt8(ascii: ",")) }
            let end = index + 1 < entries.count ? entries[index + 1].start - 1 : bytes.count
            sorted += bytes[entries[index].start..<end]
        }
        bytes.replaceSubrange(start..., with: sorted)
    }

    private static func comes(_ a: String, before b: String) -> Bool {
        var (a, b) = (a, b)
        return a.withUTF8 { a in
            b.withUTF8 { b in
                for (a, b) in zip(a, b) where a != b { return a < b }
                return a.count < b.count
            }
        }
    }

    // MARK: What is no container

    fileprivate mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            guard text.contains(where: Self.isEscaped) else { return bytes.append(contentsOf: text) }
            for byte in text { Self.isEscaped(byte) ? writeEscaped(byte) : bytes.append(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        switch byte {
        case 0x08: bytes += "\\b".utf8
        case 0x09: bytes += "\\t".utf8
        case 0x0a: bytes += "\\n".utf8
        case 0x0c: bytes += "\\f".utf8
        case 0x0d: bytes += "\\r".utf8
        case 0..<0x20: bytes += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
        default: bytes += [UInt8(ascii: "\\"), byte]
        }
    }

    fileprivate mutating func write(_ number: some BinaryInteger) { bytes += number.description.utf8 }

    fileprivate mutating func write(_ flag: Bool) { bytes += (flag ? "true" : "false").utf8 }

    fileprivate mutating func writeNull() { bytes += "null".utf8 }

    fileprivate mutating func write(_ number: some BinaryFloatingPoint & CustomStringConvertible) throws {
        guard number.isFinite else {
            throw EncodingError.invalidValue(
                number, .init(codingPath: [], debugDescription: "JSON has no word for \(number)"))
        }
        let text = number.description
        bytes += text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...]
    }
}

/// What all places of one text write to.
private final class JSONPage {
    var json = SortedJSON()
}

/// Where one value goes.
private struct JSONPlace: Encoder, SingleValueEncodingContainer {
    let page: JSONPage
    /// Of the container that the value is in; 0 for the outermost value.
    let depth: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        page.json.open(isObject: true, at: depth)
        return KeyedEncodingContainer(JSONObject(page: page, depth: depth + 1))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        page.json.open(isObject: false, at: depth)
        return JSONList(page: page, depth: depth + 1)
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { page.json.writeNull() }
    func encode(_ value: Bool) { page.json.write(value) }
    func encode(_ value: String) { page.json.write(value) }
    func encode(_ value: Double) throws { try page.json.write(value) }
    func encode(_ value: Float) throws { try page.json.write(value) }
    func encode(_ value: Int) { page.json.write(value) }
    func encode(_ value: Int8) { page.json.write(value) }
    func encode(_ value: Int16) { page.json.write(value) }
    func encode(_ value: Int32) { page.json.write(value) }
    func encode(_ value: Int64) { page.json.write(value) }
    func encode(_ value: UInt) { page.json.write(value) }
    func encode(_ value: UInt8) { page.json.write(value) }
    func encode(_ value: UInt16) { page.json.write(value) }
    func encode(_ value: UInt32) { page.json.write(value) }
    func encode(_ value: UInt64) { page.json.write(value) }
    func encode(_ value: some Encodable) throws {
        let start = page.json.count
        try value.encode(to: self)
        page.json.closeValue(from: start, at: depth)
    }
}

private struct JSONObject<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let page: JSONPage
    /// Its own.
    let depth: Int

    var codingPath: [any CodingKey] { [] }

    /// Where the value of a key goes.
    private func place(_ key: some CodingKey) -> JSONPlace {
        page.json.key(key.stringValue, at: depth)
        return JSONPlace(page: page, depth: depth)
    }

    func encodeNil(forKey key: Key) { place(key).encodeNil() }
    func encode(_ value: Bool, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: String, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: Double, forKey key: Key) throws { try place(key).encode(value) }
    func encode(_ value: Int, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: Int64, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: some Encodable, forKey key: Key) throws { try place(key).encode(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { place(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { place(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { place(SuperKey()) }
    func superEncoder(forKey key: Key) -> any Encoder { place(key) }
}

private struct JSONList: UnkeyedEncodingContainer {
    let page: JSONPage
    /// Its own.
    let depth: Int
    private(set) var count = 0

    init(page: JSONPage, depth: Int) {
        self.page = page
        self.depth = depth
    }

    var codingPath: [any CodingKey] { [] }

    /// Where the next item goes.
    private mutating func place() -> JSONPlace {
        page.json.item(count, at: depth)
        count += 1
        return JSONPlace(page: page, depth: depth)
    }

    mutating func encodeNil() { place().encodeNil() }
    mutating func encode(_ value: some Encodable) throws { try place().encode(value) }
    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        place().container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { place().unkeyedContainer() }
    mutating func superEncoder() -> any Encoder { place() }
}

private struct SuperKey: CodingKey {
    let stringValue = "super"
    let intValue: Int? = nil

    init() {}
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
}
