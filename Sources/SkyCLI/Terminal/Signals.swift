import Glibc
import SkyCore

/// What a person, or the system, wants of a command that is watching something.
enum Interruption: Hashable, Sendable {
    /// Ctrl-C.
    case interrupt
    /// Asked to end, or the terminal was closed.
    case terminate
    /// Ctrl-Z.
    case suspend
    /// The window has another size.
    case resize
}

protocol InterruptionSource: Sendable {
    /// Waits for the next one, at most `limit`; nil when none came, or a child of this process has ended: the driver that is
    /// watched may be one.
    func next(within limit: TimeSpan) -> Interruption?

    /// Stops this process until somebody continues it.
    func suspend()
}

/// This process's signals, held back and asked for instead of handled: no code of ours ever runs in a signal handler.
struct BlockedSignals: InterruptionSource {
    private static let kinds: [(signal: Int32, meaning: Interruption)] = [
        (SIGINT, .interrupt), (SIGTERM, .terminate), (SIGHUP, .terminate), (SIGTSTP, .suspend), (SIGWINCH, .resize),
    ]

    /// Must come before the first task or thread: threads made later inherit what is held back, earlier ones do not.
    init() {
        var set = Self.set
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for kind in kinds { sigaddset(&set, kind.signal) }
        sigaddset(&set, SIGCHLD)
        return set
    }

    /// Holds signals back while `body` works, which may ask whether one waits that ends this process; afterwards they do what they do anyway.
    static func heldBack<Value>(_ body: (_ isAnyWaiting: () -> Bool) throws -> Value) rethrows -> Value {
        var (set, before) = (Self.set, sigset_t())
        pthread_sigmask(SIG_BLOCK, &set, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return try body {
            var waiting = sigset_t()
            sigpending(&waiting)
            return [SIGINT, SIGTERM, SIGHUP].contains { sigismember(&waiting, $0) == 1 }
        }
    }

    func next(within limit: TimeSpan) -> Interruption? {
        var set = Self.set
        let milliseconds = max(0, limit.milliseconds)
        var time = timespec(tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
        let signal = sigtimedwait(&set, nil, &time)
        return Self.kinds.first { $0.signal == signal }?.meaning
    }

    func suspend() { raise(SIGSTOP) }
}
