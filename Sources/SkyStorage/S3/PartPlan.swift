/// How a long object is cut: parts of one size, the last one shorter. It follows from the size alone, so that whoever goes on
/// with a transfer cuts as whoever began it.
struct PartPlan: Hashable, Sendable {
    let size: Int64
    let partSize: Int64

    /// A part that was under way when its process died is sent again, so parts are small; each costs a request.
    static let smallest: Int64 = 8 << 20
    /// What is taken into memory whole, of many files at once.
    static let inMemory: Int64 = 1 << 20
    /// S3 takes 10,000.
    static let mostParts: Int64 = 9_000

    init(size: Int64) {
        self.size = size
        let needed = (size + Self.mostParts - 1) / Self.mostParts
        // Whole MiB, so that pages of the file's cache belong to one part.
        partSize = max(Self.smallest, ((needed + (1 << 20) - 1) >> 20) << 20)
    }

    var count: Int { size == 0 ? 1 : Int((size + partSize - 1) / partSize) }

    /// Bytes of the part, from 0 on.
    subscript(index: Int) -> Range<Int64> {
        let start = Int64(index) * partSize
        return start..<min(start + partSize, size)
    }
}
