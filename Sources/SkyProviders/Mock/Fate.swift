/// Reproducible chance: a number is a function of the seed, of what is being decided, and of how often it was before.
///
/// There is no generator whose position could depend on the order in which concurrent calls arrive, or be lost with
/// the process.
enum Fate {
    /// 0..<1 for the `count`-th decision of the kind `what`.
    static func draw(_ seed: UInt64, _ what: String, _ count: Int) -> Double {
        var generator = SplitMix64(state: Self.seed(seed, what) &+ UInt64(bitPattern: Int64(count)))
        return Double(generator.next() >> 11) * 0x1p-53
    }

    /// A seed for one of several independent series.
    static func seed(_ seed: UInt64, _ name: String) -> UInt64 {
        // FNV-1a, so that names differing in one letter start far apart once mixed.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        var generator = SplitMix64(state: seed ^ hash)
        return generator.next()
    }
}

/// A small, well-mixed generator: every state gives another output, and neighbouring states unlike ones.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
