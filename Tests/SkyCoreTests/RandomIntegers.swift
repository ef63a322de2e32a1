import SkyTestSupport

extension SeededGenerator {
    /// Of any magnitude alike, and now and then one of the ends.
    mutating func integer() -> Int64 {
        switch next() % 16 {
        case 0: return [.min, .min + 1, -1, 0, 1, .max - 1, .max][Int(next() % 7)]
        case let pick: return Int64(bitPattern: next()) >> Int64((next() &+ pick) % 64)
        }
    }
}
