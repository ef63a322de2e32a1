import Glibc
import SkyCore

/// The audit trail of a run, a line per event.
enum EventScreen {
    /// `2027-01-15 09:00:00  train#2  got p4d.24xlarge in aws/us-east-1`, in this machine's time zone.
    static func line(for entry: EventEntry) -> StyledText {
        let attempt = entry.attempt.map { $0 > 1 ? "#\($0)" : "" } ?? ""
        let subject = StyledText(entry.stage.map { "\($0)\(attempt)" } ?? "·", .cyan).padded(to: 16)
        return StyledText("\(LocalTime(entry.at).dayAndTime)  ", .dim) + subject + StyledText("  \(entry.message)")
    }
}

/// A moment as this machine's clocks on the wall show it.
struct LocalTime {
    private let parts: tm

    init(_ instant: Instant) {
        var seconds = time_t(instant.millisecondsSince1970 / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        self.parts = parts
    }

    /// `14:10`
    var time: String { "\(two(parts.tm_hour)):\(two(parts.tm_min))" }

    /// `2027-01-15 14:10:00`
    var dayAndTime: String {
        "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(time):\(two(parts.tm_sec))"
    }

    private func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
