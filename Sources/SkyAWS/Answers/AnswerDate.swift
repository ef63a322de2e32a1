public import SkyCore

extension Instant {
    /// From `2026-11-29T09:41:28Z` as services write it: with a fraction or without, always of UTC.
    public init?(iso8601 text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return bytes[range].reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        guard let day = CalendarDay(text.prefix(10)), let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19)
        else { return nil }
        self.init(millisecondsSince1970: (Int64(day.number) * 86_400 + hour * 3600 + minute * 60 + second) * 1000)
    }
}
