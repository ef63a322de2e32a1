import SkyCore
import SkyProcess

/// The agent's part of the node's lease: takes renewals, and tells when it has run out.
final class LeaseWatch {
    private let file: LeaseFile
    private let loop: EventLoop
    let end: NodeEnd
    private var onEnd: () -> Void = {}
    /// Nil while nobody has ever given one: then the node goes on until it is told to end.
    private(set) var record: LeaseRecord?
    private(set) var hasEnded: Bool
    /// When the next look is due; there is always one before the deadline.
    private var nextLook: Int64?

    /// Goes on with the lease that an agent before this one has left; else begins with `span`.
    ///
    /// - Parameter end: what ends this node; nil for what the lease on the disk says.
    init(file: LeaseFile, loop: EventLoop, span: TimeSpan?, end: NodeEnd?) throws(SystemError) {
        self.file = file
        self.loop = loop
        hasEnded = file.hasEnded
        let known = try file.load()
        self.end = end ?? known?.end ?? .processes
        var record = known?.goingOn() ?? span.map { LeaseRecord($0, end: self.end) }
        record?.end = self.end
        self.record = record
        if let record, record != known { try file.save(record) }
    }

    /// `onEnd` is called once, when the lease has run out: at once of a node that an agent before this one has begun to
    /// end, or that supervisors have, because there was none.
    func start(onEnd: @escaping () -> Void) {
        self.onEnd = onEnd
        if hasEnded { return onEnd() }
        guard let record else { return }
        look(at: record.deadline)
    }

    /// The node ends now, for another reason than its lease.
    func endEarly() { hasEnded = true }

    /// The lease has `span` from now on, whatever was left of it. Refused with a reason when that is no span.
    func renew(_ span: TimeSpan) throws(SystemError) -> AgentResponse.Answer {
        guard !hasEnded else { return .ending(message: Self.message) }
        guard span > .zero, span <= LeaseRecord.longest else {
            return .refused(message: "a lease is more than nothing and at most a year, not \(span)")
        }
        let record = LeaseRecord(span, end: end)
        if let known = self.record, known.span == span, record.deadline - known.deadline <= span.milliseconds / 1000 {
            return .done  // Not worth a file: whoever connects to a new node renews what it has just been given.
        }
        try file.save(record)
        self.record = record
        look(at: record.deadline)
        return .done
    }

    static let message = "the node is ending: its lease has run out, or it is taken away"

    /// A renewal takes no look back: the look finds that it came too early.
    private func look(at moment: Int64) {
        if let nextLook, nextLook <= moment { return }
        nextLook = moment
        loop.after(milliseconds: max(0, moment - monotonicMilliseconds())) { [weak self] in
            guard let self, nextLook == moment else { return }
            nextLook = nil
            look()
        }
    }

    private func look() {
        guard !hasEnded, let record else { return }
        guard monotonicMilliseconds() >= record.deadline else { return look(at: record.deadline) }
        hasEnded = true
        onEnd()
    }
}
