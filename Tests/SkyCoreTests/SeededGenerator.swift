/// The same numbers every time (SplitMix64), with a liking for the ends of ranges, where sums go wrong.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Of any magnitude alike, and now and then one of the ends.
    mutating func integer() -> Int64 {
        switch next() % 16 {
        case 0: return [.min, .min + 1, -1, 0, 1, .max - 1, .max][Int(next() % 7)]
        case let pick: return Int64(bitPattern: next()) >> Int64((next() &+ pick) % 64)
        }
    }
}
