import Glibc

/// Bytes that never change once they are here: a file mapped for reading, or a copy in memory.
///
/// `@unchecked Sendable`: the pointer is only ever read, the memory behind it is written by nobody after `init`, and it
/// is given back in `deinit`, when no reference is left. Files are replaced by renaming, never changed in place, so a
/// mapping keeps the file that it was made of.
final class ImageBytes: @unchecked Sendable {
    let base: UnsafeRawPointer
    let count: Int
    private let isMapped: Bool

    init(copying bytes: [UInt8]) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
        UnsafeMutableRawBufferPointer(start: memory, count: bytes.count).copyBytes(from: bytes)
        base = UnsafeRawPointer(memory)
        count = bytes.count
        isMapped = false
    }

    /// Nil when the file cannot be opened or is empty.
    init?(mapping path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
            return nil
        }
        let size = Int(status.st_size)
        guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0), memory != MAP_FAILED
        else { return nil }
        base = UnsafeRawPointer(memory)
        count = size
        isMapped = true
    }

    deinit {
        let memory = UnsafeMutableRawPointer(mutating: base)
        if isMapped { munmap(memory, count) } else { memory.deallocate() }
    }

    /// Four lanes of eight bytes each, so that a processor works on all of them at once; finds damage, no forgery.
    func checksum(from start: Int) -> UInt64 {
        var lanes: (UInt64, UInt64, UInt64, UInt64) = (1, 2, 3, UInt64(truncatingIfNeeded: count))
        var offset = start
        while offset + 32 <= count {
            lanes.0 = Self.mixed(lanes.0, base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            lanes.1 = Self.mixed(lanes.1, base.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
            lanes.2 = Self.mixed(lanes.2, base.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
            lanes.3 = Self.mixed(lanes.3, base.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
            offset += 32
        }
        while offset < count {
            lanes.0 = Self.mixed(lanes.0, UInt64(base.load(fromByteOffset: offset, as: UInt8.self)))
            offset += 1
        }
        return Self.mixed(Self.mixed(lanes.0, lanes.1), Self.mixed(lanes.2, lanes.3))
    }

    @inline(__always) private static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word) &* 0x9e37_79b9_7f4a_7c15
        return product ^ (product >> 29)
    }
}

/// Numbers of one kind, one after the other, somewhere in an image. Whoever holds a column holds its image too.
///
/// `@unchecked Sendable`: a column only reads, and what it reads does not change (see `ImageBytes`).
struct Column<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    private let base: UnsafeRawPointer
    let count: Int

    /// The caller has made sure that `count` elements stand there.
    init(base: UnsafeRawPointer, count: Int) {
        self.base = base
        self.count = count
    }

    @inline(__always) subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count, "no such row in the catalog")
        return base.loadUnaligned(fromByteOffset: index &* MemoryLayout<Element>.stride, as: Element.self)
    }

    @inline(__always) subscript(index: Int32) -> Element { self[Int(index)] }
}

extension Column where Element: Comparable {
    /// The first index of a rising column whose element is not below `value`.
    func lowerBound(_ value: Element) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Where `value` stands in a rising column.
    func index(of value: Element) -> Int? {
        let place = lowerBound(value)
        return place < count && self[place] == value ? place : nil
    }
}
