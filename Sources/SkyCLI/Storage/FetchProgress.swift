import SkyCore
import SkyStorage
import Synchronization

/// How far a fetch of one address has come, on a terminal: one line, while it goes on.
final class FetchProgress: Sendable {
    private struct State {
        var screen: LiveScreen
        var lastDrawn: ContinuousClock.Instant?
    }

    private let url: ObjectURL
    private let isShown: Bool
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    private static let interval = Duration.milliseconds(200)

    init(of url: ObjectURL, on output: any TextOutput) {
        self.url = url
        isShown = output.terminal.isInteractive
        state = Mutex(State(screen: LiveScreen(output: output)))
    }

    func see(_ progress: TransferProgress) {
        guard isShown else { return }
        state.withLock { state in
            guard state.lastDrawn.map({ $0.duration(to: .now) >= Self.interval }) ?? true else { return }
            state.lastDrawn = .now
            let line = CopyMeter.line(
                present: progress.present, total: progress.total, files: 0, of: 1,
                elapsed: TimeSpan(start.duration(to: .now)))
            try? state.screen.draw([StyledText("\(url): \(line)")])
        }
    }

    /// Takes the line away.
    func end() {
        guard isShown else { return }
        state.withLock { state in
            try? state.screen.clear()
            try? state.screen.end()
        }
    }
}
