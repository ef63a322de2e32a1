/// JSON text, written straight into one buffer: to the byte what `JSONEncoder` writes with sorted keys and slashes left
/// as they are, in a third of its time. An event is written often, and its run waits for it.
///
/// A container takes values until something is written to one around it: that is how synthesized conformances, and
/// all of ours, use them.
final class SortedJSON {
    private struct Level {
        var isObject: Bool
        var start: Int
        /// Where each of its entries begins.
        var entries: [(key: String, start: Int)] = []
        var isSorted = true
    }

    private var bytes: [UInt8] = []
    /// The open containers, outermost first; those behind `depth` are kept for their memory.
    private var levels: [Level] = []
    private var depth = 0

    static func text(of value: some Encodable) throws -> String {
        let json = SortedJSON()
        json.bytes.reserveCapacity(512)
        try json.write(value, at: 0)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Writes a value into the container of this depth, behind its key if that is an object.
    fileprivate func write(_ value: some Encodable, at depth: Int) throws {
        let start = bytes.count
        try value.encode(to: JSONPlace(json: self, depth: depth))
        close(downTo: depth)
        if bytes.count == start { bytes += [UInt8(ascii: "{"), UInt8(ascii: "}")] }
    }

    fileprivate func open(isObject: Bool, at depth: Int) -> Int {
        close(downTo: depth)
        if self.depth == levels.count { levels.append(Level(isObject: isObject, start: 0)) }
        levels[self.depth].isObject = isObject
        levels[self.depth].start = bytes.count
        levels[self.depth].isSorted = true
        bytes.append(UInt8(ascii: isObject ? "{" : "["))
        self.depth += 1
        return self.depth
    }

    fileprivate func key(_ key: String, at depth: Int) {
        close(downTo: depth)
        if let last = levels[depth - 1].entries.last {
            bytes.append(UInt8(ascii: ","))
            if levels[depth - 1].isSorted { levels[depth - 1].isSorted = Self.comes(last.key, before: key) }
        }
        levels[depth - 1].entries.append((key, bytes.count))
        write(key)
        bytes.append(UInt8(ascii: ":"))
    }

    fileprivate func item(_ index: Int, at depth: Int) {
        close(downTo: depth)
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
    }

    private func close(downTo depth: Int) {
        while self.depth > depth {
            self.depth -= 1
            if !levels[self.depth].isSorted { sortEntries(of: self.depth) }
            bytes.append(UInt8(ascii: levels[self.depth].isObject ? "}" : "]"))
            levels[self.depth].entries.removeAll(keepingCapacity: true)
        }
    }

    private func sortEntries(of level: Int) {
        let entries = levels[level].entries
        var order = Array(entries.indices)
        order.sort { Self.comes(entries[$0].key, before: entries[$1].key) }
        var sorted: [UInt8] = []
        sorted.reserveCapacity(bytes.count - entries[0].start)
        for index in order {
            if !sorted.isEmpty { sorted.append(UInt8(ascii: ",")) }
            let end = index + 1 < entries.count ? entries[index + 1].start - 1 : bytes.count
            sorted += bytes[entries[index].start..<end]
        }
        bytes.replaceSubrange(entries[0].start..., with: sorted)
    }

    private static func comes(_ a: String, before b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

    // MARK: What is no container

    fileprivate func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0a: bytes += "\\n".utf8
            case 0x0c: bytes += "\\f".utf8
            case 0x0d: bytes += "\\r".utf8
            case 0..<0x20: bytes += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    fileprivate func write(_ number: some BinaryInteger) { bytes += number.description.utf8 }

    fileprivate func write(_ flag: Bool) { bytes += (flag ? "true" : "false").utf8 }

    fileprivate func writeNull() { bytes += "null".utf8 }

    fileprivate func write(_ number: some BinaryFloatingPoint & CustomStringConvertible) throws {
        guard number.isFinite else {
            throw EncodingError.invalidValue(
                number, .init(codingPath: [], debugDescription: "JSON has no word for \(number)"))
        }
        let text = number.description
        bytes += text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...]
    }
}

/// Where one value goes.
private struct JSONPlace: Encoder, SingleValueEncodingContainer {
    let json: SortedJSON
    /// Of the container that the value is in; 0 for the outermost value.
    let depth: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(JSONObject(json: json, depth: json.open(isObject: true, at: depth)))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        JSONList(json: json, depth: json.open(isObject: false, at: depth))
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { json.writeNull() }
    func encode(_ value: Bool) { json.write(value) }
    func encode(_ value: String) { json.write(value) }
    func encode(_ value: Double) throws { try json.write(value) }
    func encode(_ value: Float) throws { try json.write(value) }
    func encode(_ value: Int) { json.write(value) }
    func encode(_ value: Int8) { json.write(value) }
    func encode(_ value: Int16) { json.write(value) }
    func encode(_ value: Int32) { json.write(value) }
    func encode(_ value: Int64) { json.write(value) }
    func encode(_ value: UInt) { json.write(value) }
    func encode(_ value: UInt8) { json.write(value) }
    func encode(_ value: UInt16) { json.write(value) }
    func encode(_ value: UInt32) { json.write(value) }
    func encode(_ value: UInt64) { json.write(value) }
    func encode(_ value: some Encodable) throws { try json.write(value, at: depth) }
}

private struct JSONObject<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let json: SortedJSON
    /// Its own.
    let depth: Int

    var codingPath: [any CodingKey] { [] }

    /// Where the value of a key goes.
    private func place(_ key: some CodingKey) -> JSONPlace {
        json.key(key.stringValue, at: depth)
        return JSONPlace(json: json, depth: depth)
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
    let json: SortedJSON
    /// Its own.
    let depth: Int
    private(set) var count = 0

    init(json: SortedJSON, depth: Int) {
        self.json = json
        self.depth = depth
    }

    var codingPath: [any CodingKey] { [] }

    /// Where the next item goes.
    private mutating func place() -> JSONPlace {
        json.item(count, at: depth)
        count += 1
        return JSONPlace(json: json, depth: depth)
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
