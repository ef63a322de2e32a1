import Glibc
import SkyProcess

/// Signals for processes that may be many and may not be ours.
enum TreeSignal {
    /// Sends `signal` to each. True unless there are some and this process has no right over any of them.
    static func send(_ signal: Int32, to processes: some Collection<ProcessStatus>) -> Bool {
        var refused = 0
        for process in processes where kill(process.pid, signal) != 0 && errno == EPERM { refused += 1 }
        return refused == 0 || refused < processes.count
    }
}

/// How long processes that this one may not signal (they have become somebody else's) are waited for.
struct Patience {
    private var end: Int64?

    /// Tells whether anything could be signalled; false when the waiting is over.
    mutating func goesOn(hadEffect: Bool) -> Bool {
        if hadEffect { end = nil }
        guard !hadEffect else { return true }
        let end = end ?? monotonicMilliseconds() + 5000
        self.end = end
        return monotonicMilliseconds() < end
    }
}
