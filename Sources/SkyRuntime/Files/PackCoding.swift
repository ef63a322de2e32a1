/// Numbers, the least significant byte first, and texts with their length before them.
struct PackWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ text: String) {
        put(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func put(_ more: [UInt8]) { bytes.append(contentsOf: more) }
}

/// Reads what a `PackWriter` has written, or what somebody says one has.
struct PackReader {
    private var rest: ArraySlice<UInt8>

    /// There were fewer bytes than what was read has to have.
    struct Short: Error {}

    init(_ bytes: some Sequence<UInt8>) { rest = Array(bytes)[...] }

    var isAtEnd: Bool { rest.isEmpty }
    var count: Int { rest.count }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(Short) -> Number {
        let size = MemoryLayout<Number>.size
        guard rest.count >= size else { throw Short() }
        let value = rest.withUnsafeBytes { $0.loadUnaligned(as: Number.self) }
        rest = rest.dropFirst(size)
        return Number(littleEndian: value)
    }

    mutating func text() throws(Short) -> String {
        String(decoding: try bytes(Int(try number(UInt32.self))), as: UTF8.self)
    }

    mutating func bytes(_ count: Int) throws(Short) -> ArraySlice<UInt8> {
        guard rest.count >= count else { throw Short() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

extension PackManifest {
    /// What one entry takes at least.
    private static let smallest = 1 + 2 + 8 + 8 + 8 + 4 + 4

    /// - Parameter withStamps: else what is the same for the same names, sizes and times.
    func encoded(withStamps: Bool = true) -> [UInt8] {
        var writer = PackWriter()
        writer.put(UInt32(entries.count))
        for entry in entries {
            writer.put(entry.kind.rawValue)
            writer.put(UInt16(truncatingIfNeeded: entry.mode))
            writer.put(entry.size)
            writer.put(entry.changed)
            writer.put(withStamps ? entry.stamp : 0)
            writer.put(entry.path)
            writer.put(entry.target)
        }
        return writer.bytes
    }

    /// Nil for anything that `encoded` does not say.
    init?(encoded bytes: some Sequence<UInt8>) {
        entries = []
        var reader = PackReader(bytes)
        do throws(PackReader.Short) {
            let count = Int(try reader.number(UInt32.self))
            guard count <= reader.count / Self.smallest else { return nil }
            entries.reserveCapacity(count)
            for _ in 0..<count {
                guard let kind = Entry.Kind(rawValue: try reader.number()) else { return nil }
                let mode = UInt32(try reader.number(UInt16.self))
                let (size, changed, stamp) = (
                    try reader.number(Int64.self), try reader.number(Int64.self), try reader.number(UInt64.self)
                )
                entries.append(
                    Entry(
                        path: try reader.text(), kind: kind, mode: mode, size: size, changed: changed, stamp: stamp,
                        target: try reader.text()))
            }
        } catch { return nil }
        guard reader.isAtEnd else { return nil }
    }
}
