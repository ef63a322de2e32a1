import CShims
import Glibc
import SkyProcess

/// What a supervisor is told: by its agent, and by whoever sends it a signal.
final class SupervisorOrders {
    private let signals: SignalSource
    /// Nil once no agent is there.
    private var line: Int32?

    /// - Parameter line: to the agent, if one has started this process.
    init(line: Int32?) throws(SystemError) {
        self.line = line
        signals = try SignalSource([SIGTERM, SIGCHLD])
    }

    /// One of these can be read when there is something to hear, or a child has ended.
    var descriptors: [Int32] { [signals.descriptor] + (line.map { [$0] } ?? []) }

    /// The grace, in milliseconds, with which somebody wants the job to end; nil when nobody does who has not been heard yet.
    func nextEnd() -> Int32? {
        while let received = signals.next() {
            if received.signal == SIGTERM { return received.value ?? Supervisor.defaultGrace }
        }
        guard let line else { return nil }
        switch SupervisorLine.nextOrder(from: line) {
        case .message(.end(let grace)): return grace
        case .nothing: return nil
        case .message(.run), .ended:
            hangUp()
            return nil
        }
    }

    /// Says what has become of a job, and waits for the next; nil when there will be none.
    func nextJob(after report: SupervisorLine.Report) -> String? {
        guard let line else { return nil }
        // Before the report: whoever hears of the job's end sees by the name that this process is nobody's.
        sky_set_process_name(SupervisorPool.idleName)
        guard SupervisorLine.send(report, to: line) else { return nil }
        while true {
            var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = poll(&polled, nfds_t(polled.count), -1)
            while let received = signals.next() { if received.signal == SIGTERM { return nil } }
            switch SupervisorLine.nextOrder(from: line) {
            case .message(.run(let job)):
                sky_set_process_name(SupervisorPool.busyName)
                return job
            // It came when the job before had just ended.
            case .message(.end), .nothing: continue
            case .ended: return nil
            }
        }
    }

    private func hangUp() {
        if let line { close(line) }
        line = nil
    }
}
