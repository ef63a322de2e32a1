import SkyCore
import Synchronization

/// Shows on a terminal which price list is being read, how much has come, and how fast.
final class RefreshMeter: Sendable {
    private struct State {
        var bytes = Int64(0)
        var screen: LiveScreen
        var lastDrawn: ContinuousClock.Instant?
    }

    private let isShown: Bool
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    private static let interval = Duration.milliseconds(200)

    init(on output: any TextOutput) {
        isShown = output.terminal.isInteractive
        state = Mutex(State(screen: LiveScreen(output: output)))
    }

    /// - Parameter bytes: more than before.
    func see(provider: String, bytes: Int64, step: String) {
        guard isShown else { return }
        state.withLock { state in
            state.bytes += bytes
            guard state.lastDrawn.map({ $0.duration(to: .now) >= Self.interval }) ?? true else { return }
            state.lastDrawn = .now
            let line = Self.line(
                provider: provider, step: step, bytes: state.bytes, elapsed: TimeSpan(start.duration(to: .now)))
            try? state.screen.draw([StyledText(line)])
        }
    }

    /// `aws eu-west-1: 412 MB, 38 MB/s`
    static func line(provider: String, step: String, bytes: Int64, elapsed: TimeSpan) -> String {
        var line = "\(provider) \(step): \(DataSize(bytes: bytes))"
        if elapsed.milliseconds >= 500 { line += ", \(DataSize(bytes: bytes * 1000 / elapsed.milliseconds))/s" }
        return line
    }

    /// Takes the line away.
    func end() {
        state.withLock { state in
            try? state.screen.clear()
            try? state.screen.end()
        }
    }
}
