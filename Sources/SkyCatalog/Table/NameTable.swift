/// Gives each distinct name a small number, counted from 0, so that rows hold and filters compare numbers.
///
/// The bytes of all names stand in one array; a `String` is made only when somebody asks for one.
struct NameTable: Sendable {
    private var arena: [UInt8] = []
    private var ends: [Int32] = []
    /// Open addressing; -1 is free. The length is a power of two, at most two thirds full.
    private var slots: [Int32] = Array(repeating: -1, count: 64)
    private var last: Int32 = -1

    var count: Int { ends.count }

    subscript(id: Int32) -> String { String(decoding: arena[range(of: id)], as: UTF8.self) }

    var names: [String] { (0..<Int32(count)).map { self[$0] } }

    /// The number of the name at `range` of `bytes`; a new name gets the next number.
    mutating func intern(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int32 {
        // Tables are sorted: the name is very often that of the row before.
        if last >= 0, holds(last, bytes, range) { return last }
        var slot = Int(truncatingIfNeeded: nameHash(bytes, range)) & (slots.count - 1)
        while slots[slot] >= 0 {
            if holds(slots[slot], bytes, range) {
                last = slots[slot]
                return last
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        last = Int32(ends.count)
        slots[slot] = last
        for offset in range { arena.append(bytes[offset]) }
        ends.append(Int32(arena.count))
        if ends.count * 3 > slots.count * 2 { grow() }
        return last
    }

    mutating func intern(_ name: String) -> Int32 {
        let bytes = Array(name.utf8)
        return intern(bytes.span, 0..<bytes.count)
    }

    /// Nil for a name that is not in the table.
    func id(of name: String) -> Int32? {
        let bytes = Array(name.utf8)
        var slot = Int(truncatingIfNeeded: nameHash(bytes.span, 0..<bytes.count)) & (slots.count - 1)
        while slots[slot] >= 0 {
            if holds(slots[slot], bytes.span, 0..<bytes.count) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func range(of id: Int32) -> Range<Int> { (id == 0 ? 0 : Int(ends[Int(id) - 1]))..<Int(ends[Int(id)]) }

    private func holds(_ id: Int32, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let own = self.range(of: id)
        guard own.count == range.count else { return false }
        let (a, b) = (arena.span.extracting(own), bytes.extracting(range))
        var offset = 0
        while offset + 8 <= a.count {
            guard a.word(at: offset) == b.word(at: offset) else { return false }
            offset += 8
        }
        while offset < a.count {
            guard a[offset] == b[offset] else { return false }
            offset += 1
        }
        return true
    }

    /// As columns that `MappedNames` reads.
    func write(to image: inout ImageWriter) {
        image.column(arena)
        image.column(ends)
        image.column(slots)
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for id in 0..<Int32(ends.count) {
            var slot = Int(truncatingIfNeeded: nameHash(arena.span, range(of: id))) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = id
        }
    }
}

/// Eight bytes at a time: a multiplication spreads them, the fold brings the high bits down to the slot.
private func nameHash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    let text = bytes.extracting(range)
    var value = UInt64(range.count)
    var offset = 0
    while offset + 8 <= text.count {
        value = mixed(value ^ text.word(at: offset))
        offset += 8
    }
    var rest: UInt64 = 0
    while offset < text.count {
        rest = rest << 8 | UInt64(text[offset])
        offset += 1
    }
    return mixed(value ^ rest)
}

private func mixed(_ value: UInt64) -> UInt64 {
    let product = value &* 0x9e37_79b9_7f4a_7c15
    return product ^ (product >> 32)
}

/// The names of a `NameTable` where they lie in an image.
struct MappedNames: Sendable {
    private let arena: Column<UInt8>
    private let ends: Column<Int32>
    private let slots: Column<Int32>

    init(_ image: inout ImageReader) throws(DamagedImage) {
        arena = try image.column(of: UInt8.self)
        ends = try image.column(of: Int32.self)
        slots = try image.column(of: Int32.self)
        guard slots.count > ends.count, slots.count & (slots.count - 1) == 0 else { throw DamagedImage() }
    }

    var count: Int { ends.count }

    subscript(id: Int32) -> String { String(decoding: range(of: id).map { arena[$0] }, as: UTF8.self) }

    var names: [String] { (0..<Int32(count)).map { self[$0] } }

    /// Nil for a name that is not in the table.
    func id(of name: String) -> Int32? {
        let bytes = Array(name.utf8)
        let start = Int(truncatingIfNeeded: nameHash(bytes.span, 0..<bytes.count))
        // A sound table always has a free slot; a damaged one must not keep us here.
        for step in 0..<slots.count {
            let id = slots[(start &+ step) & (slots.count - 1)]
            guard id >= 0 else { return nil }
            if range(of: id).count == bytes.count, range(of: id).map({ arena[$0] }) == bytes { return id }
        }
        return nil
    }

    private func range(of id: Int32) -> Range<Int> {
        let (start, end) = (id == 0 ? 0 : Int(ends[id - 1]), Int(ends[id]))
        return start..<max(start, end)
    }
}

extension Span<UInt8> {
    /// The eight bytes at `offset`, in the machine's order.
    fileprivate func word(at offset: Int) -> UInt64 {
        bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
}
