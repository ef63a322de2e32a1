import CShims
import Glibc
import SkyProcess

/// Signals as something to read: they are blocked for good, and taken when the owner is ready for them.
struct SignalSource {
    let descriptor: Int32

    init(_ signals: [Int32]) throws(SystemError) {
        descriptor = sky_signal_descriptor(signals, Int32(signals.count))
        guard descriptor >= 0 else { throw .last("watch signals") }
    }

    struct Received {
        var signal: Int32
        /// What the sender sent with it.
        var value: Int32?
    }

    /// Nil when nothing is pending.
    func next() -> Received? {
        var (signal, value): (Int32, Int32) = (0, 0)
        guard sky_take_signal(descriptor, &signal, &value) == 1 else { return nil }
        return Received(signal: signal, value: value >= 0 ? value : nil)
    }
}

/// What this process's children have cost that have ended and were waited for, with all theirs.
enum ChildrenTime {
    /// Of processor time.
    static var milliseconds: Int64 {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Int64($1.tv_sec) * 1000 + Int64($1.tv_usec) / 1000 }
    }
}

/// The children of this process that have ended.
enum Children {
    /// Takes one that has ended; nil when none has.
    static func takeEnded() -> (pid: Int32, end: ProcessEnd)? {
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            if pid > 0 { return (pid, ProcessEnd(waitStatus: status)) }
            if pid == 0 || errno != EINTR { return nil }
        }
    }

    /// True when there is no child left, not even one that has ended. A subreaper then has no descendants at all.
    static var areAllGone: Bool {
        var information = siginfo_t()
        while waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) != 0 {
            if errno != EINTR { return errno == ECHILD }
        }
        return false
    }
}
