import SkyCore
import SkyYAML

/// How long a group may wait for machines that others have, before another place is tried.
enum QueueLimit {
    /// If the settings do not say.
    static let usual = TimeSpan.seconds(20 * 60)
    /// The longest that a run waits for machines is half an hour.
    static let longest = TimeSpan.seconds(28 * 60)
}

extension SettingsReader {
    /// - Parameters:
    ///   - waiter: what waits, with its article.
    ///   - mayBeNone: a limit of 0 is one, too.
    mutating func queueLimit(_ node: YAMLNode?, of waiter: String, mayBeNone: Bool = false) -> TimeSpan {
        guard let node else { return QueueLimit.usual }
        if mayBeNone, node.integer == 0 { return .zero }
        let shortest = mayBeNone ? TimeSpan.zero : TimeSpan(milliseconds: 1)
        if let span = node.scalar.flatMap({ TimeSpan($0) }), (shortest...QueueLimit.longest).contains(span) {
            return span
        }
        complain(
            node, "bad-time", "not a time for \(waiter) to wait in the queue",
            expected: "a time such as 10m, at most \(QueueLimit.longest): then another place is tried")
        return QueueLimit.usual
    }
}
