public import SkyCore

/// When spot machines could be had in one place: one answer per tick.
public struct SpotTrace: Hashable, Sendable {
    /// What people know it by; a file's name without its end.
    public let name: String
    /// From one answer to the next; above zero.
    public let tick: TimeSpan
    /// Whether as many spot machines as the job needs could be had, tick by tick.
    public let isAvailable: [Bool]

    /// For each tick, the first later one whose answer differs; the number of ticks when none does.
    private let changes: [Int]

    /// - Parameter tick: above zero; anything less counts as a millisecond.
    public init(name: String, tick: TimeSpan, isAvailable: [Bool]) {
        self.name = name
        self.tick = max(tick, TimeSpan(milliseconds: 1))
        self.isAvailable = isAvailable
        var changes = [Int](repeating: isAvailable.count, count: isAvailable.count)
        for index in isAvailable.indices.dropLast().reversed() {
            changes[index] = isAvailable[index] == isAvailable[index + 1] ? changes[index + 1] : index + 1
        }
        self.changes = changes
    }

    public var count: Int { isAvailable.count }

    /// The first tick after `tick` whose answer is another; `count` when there is none.
    public func nextChange(after tick: Int) -> Int { changes[tick] }

    /// The share of ticks with spot, 0 to 1.
    public var availability: Double {
        isAvailable.isEmpty ? 0 : Double(isAvailable.count { $0 }) / Double(count)
    }
}
