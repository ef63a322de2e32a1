/// Puts an image together: columns as they lie in memory, and a head that says in order what there is and where.
struct ImageWriter {
    /// Bumped whenever what is written, or what it means, changes.
    static let version: UInt32 = 3
    static let magic: [UInt8] = Array("SKYCATLG".utf8)
    /// Magic, version, checksum, length, place and length of the head.
    static let headerSize = 48

    private var body: [UInt8] = Array(repeating: 0, count: Self.headerSize)
    private var head: [UInt8] = []

    mutating func column<Element: BitwiseCopyable>(_ elements: [Element]) {
        while body.count % 8 != 0 { body.append(0) }
        integer(body.count)
        integer(elements.count)
        elements.withUnsafeBytes { body.append(contentsOf: $0) }
    }

    mutating func integer(_ value: some BinaryInteger) {
        withUnsafeBytes(of: Int64(truncatingIfNeeded: value).littleEndian) { head.append(contentsOf: $0) }
    }

    mutating func number(_ value: Double) { integer(Int64(bitPattern: value.bitPattern)) }

    mutating func text(_ value: String) {
        let bytes = Array(value.utf8)
        integer(bytes.count)
        head.append(contentsOf: bytes)
    }

    mutating func list<Element>(_ elements: [Element], _ write: (inout ImageWriter, Element) -> Void) {
        integer(elements.count)
        for element in elements { write(&self, element) }
    }

    mutating func texts(_ values: [String]) { list(values) { $0.text($1) } }

    mutating func optional<Value>(_ value: Value?, _ write: (inout ImageWriter, Value) -> Void) {
        integer(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }

    /// The whole image, with its checksum.
    consuming func finished() -> [UInt8] {
        while body.count % 8 != 0 { body.append(0) }
        let place = body.count
        body.append(contentsOf: head)
        var header = Self.magic
        func put<Value: FixedWidthInteger>(_ value: Value) {
            withUnsafeBytes(of: value.littleEndian) { header.append(contentsOf: $0) }
        }
        put(Self.version)
        put(UInt32(0))
        let checksumPlace = header.count
        put(UInt64(0))
        put(UInt64(body.count))
        put(UInt64(place))
        put(UInt64(head.count))
        body.replaceSubrange(0..<header.count, with: header)
        let checksum = ImageBytes(copying: body).checksum(from: checksumPlace + 8)
        withUnsafeBytes(of: checksum.littleEndian) { bytes in
            body.replaceSubrange(checksumPlace..<checksumPlace + 8, with: bytes)
        }
        return body
    }
}
