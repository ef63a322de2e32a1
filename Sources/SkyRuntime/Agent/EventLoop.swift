import Glibc

/// One thread that waits for descriptors and for the time, and calls whom it concerns.
final class EventLoop {
    struct Interest: OptionSet {
        let rawValue: Int
        static let reading = Interest(rawValue: 1)
        static let writing = Interest(rawValue: 2)
    }

    private final class Watch {
        let descriptor: Int32
        var interest: Interest
        let onReady: (Interest) -> Void

        init(descriptor: Int32, interest: Interest, onReady: @escaping (Interest) -> Void) {
            self.descriptor = descriptor
            self.interest = interest
            self.onReady = onReady
        }
    }

    private struct Timer {
        var deadline: Int64
        var body: () -> Void
    }

    private var watches: [Int32: Watch] = [:]
    private var timers: [Timer] = []
    private var isStopped = false

    /// Calls `onReady` whenever the descriptor can be read or written without waiting, as far as `interest` goes. The
    /// end of the other side counts as readable.
    func watch(_ descriptor: Int32, for interest: Interest, onReady: @escaping (Interest) -> Void) {
        watches[descriptor] = Watch(descriptor: descriptor, interest: interest, onReady: onReady)
    }

    func setInterest(_ interest: Interest, of descriptor: Int32) { watches[descriptor]?.interest = interest }

    /// To be called before the descriptor is closed.
    func unwatch(_ descriptor: Int32) { watches[descriptor] = nil }

    func after(milliseconds: Int64, _ body: @escaping () -> Void) {
        timers.append(Timer(deadline: monotonicMilliseconds() + milliseconds, body: body))
    }

    /// `run` returns once what is being called has returned.
    func stop() { isStopped = true }

    func run() {
        while !isStopped {
            let current = Array(watches.values)
            var polled = current.map { watch in
                var events: Int32 = 0
                if watch.interest.contains(.reading) { events |= POLLIN }
                if watch.interest.contains(.writing) { events |= POLLOUT }
                // A negative number is skipped: a closed connection that nobody wants to read must not wake the loop.
                return pollfd(fd: events == 0 ? -1 : watch.descriptor, events: Int16(events), revents: 0)
            }
            _ = poll(&polled, nfds_t(polled.count), pollTimeout(until: timers.map(\.deadline).min()))
            callTimers()
            for (watch, result) in zip(current, polled) where result.revents != 0 {
                // Whoever was called before may have taken this one away.
                guard watches[watch.descriptor] === watch else { continue }
                watch.onReady(Self.interest(in: Int32(result.revents)))
            }
        }
    }

    private func callTimers() {
        let now = monotonicMilliseconds()
        let due = timers.filter { $0.deadline <= now }
        guard !due.isEmpty else { return }
        timers.removeAll { $0.deadline <= now }
        for timer in due.sorted(by: { $0.deadline < $1.deadline }) { timer.body() }
    }

    private static func interest(in events: Int32) -> Interest {
        var interest: Interest = []
        if events & (POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0 { interest.insert(.reading) }
        if events & (POLLOUT | POLLHUP | POLLERR) != 0 { interest.insert(.writing) }
        return interest
    }
}
