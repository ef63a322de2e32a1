extension UnsafeRawBufferPointer {
    /// In bytes: a block of any usual file system.
    public static let leastHole = 4_096

    /// Nothing but zeros, and enough of them that a file had better have a hole there.
    public var isWorthAHole: Bool {
        guard count >= Self.leastHole, first == 0 else { return false }
        let words = count / 8
        for word in 0..<words where loadUnaligned(fromByteOffset: word * 8, as: UInt64.self) != 0 { return false }
        return self[(words * 8)...].allSatisfy { $0 == 0 }
    }
}
