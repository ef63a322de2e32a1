extension Instant {
    /// From `2026-11-29T09:41:28Z` as services write it: with a fraction of a second or without, of UTC or, as in
    /// `2026-11-29T10:41:28+01:00`, so far from it.
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
        var offset: Int64 = 0
        if let sign = bytes[19...].firstIndex(where: { $0 == 0x2b || $0 == 0x2d }) {
            guard let hours = number((sign + 1)..<(sign + 3)), let minutes = number((sign + 4)..<(sign + 6)) else {
                return nil
            }
            offset = (hours * 60 + minutes) * (bytes[sign] == 0x2b ? 60 : -60)
        }
        let seconds = Int64(day.number) * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(millisecondsSince1970: seconds * 1000)
    }
}
