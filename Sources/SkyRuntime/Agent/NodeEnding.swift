import Glibc
import SkyProcess

/// Gives the machine back by a command, again and again until the machine takes this process with it.
final class NodeEnding {
    private let loop: EventLoop
    private var hasBegun = false

    /// Between two tries, in milliseconds: doubled each time, up to five minutes.
    private static let firstPause: Int64 = 5000
    private static let longestPause: Int64 = 300_000

    init(loop: EventLoop) { self.loop = loop }

    /// Beginning twice is beginning once.
    func begin(_ command: String) {
        guard !hasBegun else { return }
        hasBegun = true
        run(command, pause: Self.firstPause)
    }

    private func run(_ command: String, pause: Int64) {
        do throws(SystemError) {
            _ = try ProcessSpawn("/bin/sh", ["-c", command], leadership: .session).startUnmanaged()
        } catch {
            Agent.complain("\(error)")
        }
        loop.after(milliseconds: pause) { [weak self] in
            Agent.complain("the machine is still there: once more: \(command)")
            self?.run(command, pause: min(pause * 2, Self.longestPause))
        }
    }
}
