/// What is thrown for bytes that are no image of this version, or a damaged one.
struct DamagedImage: Error {}

/// Reads an image in the order in which it was written. Every length and place is checked before it is used.
struct ImageReader {
    let bytes: ImageBytes
    private var place: Int
    private let end: Int

    /// - Throws: `DamagedImage` unless magic, version, length and checksum are right.
    init(_ bytes: ImageBytes) throws(DamagedImage) {
        self.bytes = bytes
        guard bytes.count >= ImageWriter.headerSize else { throw DamagedImage() }
        for (offset, byte) in ImageWriter.magic.enumerated() {
            guard bytes.base.load(fromByteOffset: offset, as: UInt8.self) == byte else { throw DamagedImage() }
        }
        func word<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
            Value(littleEndian: bytes.base.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        guard
            word(8, as: UInt32.self) == ImageWriter.version,
            word(24, as: UInt64.self) == UInt64(bytes.count),
            let head = Int(exactly: word(32, as: UInt64.self)), let length = Int(exactly: word(40, as: UInt64.self)),
            head >= ImageWriter.headerSize, length <= bytes.count, head == bytes.count - length,
            word(16, as: UInt64.self) == bytes.checksum(from: 24)
        else { throw DamagedImage() }
        place = head
        end = bytes.count
    }

    mutating func integer() throws(DamagedImage) -> Int {
        guard end - place >= 8 else { throw DamagedImage() }
        defer { place += 8 }
        return Int(Int64(littleEndian: bytes.base.loadUnaligned(fromByteOffset: place, as: Int64.self)))
    }

    mutating func number() throws(DamagedImage) -> Double {
        Double(bitPattern: UInt64(bitPattern: Int64(try integer())))
    }

    mutating func text() throws(DamagedImage) -> String {
        let length = try integer()
        guard length >= 0, length <= end - place else { throw DamagedImage() }
        defer { place += length }
        return String(decoding: UnsafeRawBufferPointer(start: bytes.base + place, count: length), as: UTF8.self)
    }

    mutating func list<Element>(
        _ read: (inout ImageReader) throws(DamagedImage) -> Element
    ) throws(DamagedImage) -> [Element] {
        let length = try integer()
        // Each element takes at least eight bytes of the head: a wrong length cannot ask for much memory.
        guard length >= 0, length <= (end - place) / 8 else { throw DamagedImage() }
        var elements: [Element] = []
        elements.reserveCapacity(length)
        for _ in 0..<length { elements.append(try read(&self)) }
        return elements
    }

    mutating func texts() throws(DamagedImage) -> [String] {
        try list { (reader) throws(DamagedImage) in try reader.text() }
    }

    mutating func optional<Value>(
        _ read: (inout ImageReader) throws(DamagedImage) -> Value
    ) throws(DamagedImage) -> Value? {
        try integer() == 0 ? nil : try read(&self)
    }

    mutating func column<Element>(of type: Element.Type) throws(DamagedImage) -> Column<Element> {
        let (start, count) = (try integer(), try integer())
        let stride = MemoryLayout<Element>.stride
        guard
            start >= ImageWriter.headerSize, start <= bytes.count, count >= 0,
            count <= (bytes.count - start) / stride
        else { throw DamagedImage() }
        return Column(base: bytes.base + start, count: count)
    }
}
