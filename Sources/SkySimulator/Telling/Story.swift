import SkyBroker
import SkyCore

/// What happened in a world, in words; kept only when somebody will read it.
final class Story {
    enum Passage {
        case launched(String)
        case restarted(String)
        case died(String, FaultKind)
        case taken(String)
        case ended(String, String)
    }

    private(set) var lines: [String] = []

    func tell(_ passage: Passage, _ now: Instant) {
        switch passage {
        case .launched(let run): add("\(run) is launched", now)
        case .restarted(let run): add("a new broker takes \(run) over", now)
        case .died(let run, let kind): add("the broker of \(run) dies: \(kind.sentence)", now)
        case .taken(let attempt): add("the machines of \(attempt) are gone", now)
        case .ended(let run, let status): add("\(run) has ended: \(status)", now)
        }
    }

    func tell(_ events: [RecordedEvent], of run: SimulatedRun, _ now: Instant) {
        for recorded in events {
            if case .driverStarted = recorded.event { continue }
            add("\(run.launch.run): \(recorded.event.words)", now)
        }
    }

    private func add(_ text: String, _ now: Instant) {
        lines.append("\((now - World.begin).clock)  \(text)")
    }
}

extension TimeSpan {
    /// `1d 02:03:04.567`
    fileprivate var clock: String {
        func padded(_ value: Int64, _ digits: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let (days, rest) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60)
        return (days > 0 ? "\(days)d " : "") + "\(padded(hours, 2)):\(padded(minutes, 2)):\(padded(seconds, 2))"
            + ".\(padded(rest % 1000, 3))"
    }
}
