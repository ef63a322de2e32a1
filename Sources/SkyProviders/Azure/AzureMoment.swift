import SkyCore

/// Times as Azure writes them: `2026-11-29T09:41:28.1234567+00:00`, always of UTC.
enum AzureMoment {
    static func instant(_ text: String) -> Instant? {
        let parts = text.split(separator: "T", maxSplits: 1)
        guard parts.count == 2, let day = CalendarDay(parts[0]) else { return nil }
        let clock = parts[1].prefix(8).split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3 else { return nil }
        let seconds = Int64(day.number) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
        return Instant(millisecondsSince1970: seconds * 1000)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// As scheduled events have it: `Sun, 29 Nov 2026 09:41:28 GMT`.
    static func instant(ofEvent text: String) -> Instant? {
        let words = text.split(separator: " ")
        guard words.count == 6, let month = months.firstIndex(of: String(words[2])) else { return nil }
        func two(_ text: Substring) -> String { text.utf8.count < 2 ? "0\(text)" : "\(text)" }
        return instant("\(words[3])-\(two("\(month + 1)"))-\(two(words[1]))T\(words[4])Z")
    }
}
