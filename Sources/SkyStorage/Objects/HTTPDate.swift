import SkyAWS
import SkyCore

extension Instant {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Sun, 29 Nov 2026 09:41:28 GMT`
    var httpDate: String {
        let seconds = millisecondsSince1970 / 1000
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        let date = CalendarDay(number: Int(days)).description.split(separator: "-")
        let name = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(days % 7)]
        let month = Self.months[(Int(date[1]) ?? 1) - 1]
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let clock = "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
        return "\(name), \(date[2]) \(month) \(date[0]) \(clock) GMT"
    }

    /// Nil for anything else.
    init?(httpDate text: String) {
        let words = text.split(separator: " ")
        guard words.count == 6, let month = Self.months.firstIndex(of: String(words[2])) else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        self.init(iso8601: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }
}
