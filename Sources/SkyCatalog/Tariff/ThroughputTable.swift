import SkyCore

/// Measured rates by pair of locations, which are numbered: a table of a thousand pairs is read at every start.
struct ThroughputTable: Sendable {
    /// As they are written: `aws/us-east-1`.
    private(set) var locations = NameTable()
    private var rates: [UInt64: Double] = [:]

    mutating func add(_ pair: MeasuredThroughput) {
        let (from, to) = (locations.intern(pair.from.description), locations.intern(pair.to.description))
        set(pair.gigabitsPerSecond, from: from, to: to)
    }

    mutating func intern(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int32 { locations.intern(bytes, range) }

    mutating func set(_ gigabitsPerSecond: Double, from: Int32, to: Int32) {
        rates[Self.key(from, to)] = gigabitsPerSecond
    }

    /// Nil when the pair was never measured.
    func gigabitsPerSecond(from: Location, to: Location) -> Double? {
        guard let from = locations.id(of: from.description), let to = locations.id(of: to.description) else {
            return nil
        }
        return rates[Self.key(from, to)]
    }

    private static func key(_ from: Int32, _ to: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: from)) << 32 | UInt64(UInt32(bitPattern: to))
    }
}
