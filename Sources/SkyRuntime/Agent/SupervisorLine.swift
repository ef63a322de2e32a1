import CShims
import Glibc
import SkyProcess

/// What an agent and one of its supervisors say to each other: each message is one packet of text.
enum SupervisorLine {
    enum Order: Equatable {
        /// Supervise this job, which is on the disk.
        case run(job: String)
        /// End the job at hand within so many milliseconds. Comes to nothing when it has just ended.
        case end(grace: Int32)
    }

    /// From a supervisor that nothing of a job is left for any more: it waits for the next order.
    struct Report: Equatable {
        /// What it would have exited with.
        var code: Int32
        /// Milliseconds of processor time that all its jobs until now have taken.
        var busy: Int64
    }

    enum Received<Message: Equatable>: Equatable {
        case message(Message)
        case nothing
        /// The other end is closed.
        case ended
    }

    static func makePair() throws(SystemError) -> (agent: Int32, supervisor: Int32) {
        var ends: [Int32] = [-1, -1]
        guard sky_packet_pair(&ends) == 0 else { throw .last("make a pair of sockets") }
        return (ends[0], ends[1])
    }

    /// False when nobody will hear it.
    static func send(_ order: Order, to line: Int32) -> Bool {
        switch order {
        case .run(let job): send("run \(job)", to: line)
        case .end(let grace): send("end \(grace)", to: line)
        }
    }

    /// False when nobody will hear it.
    static func send(_ report: Report, to line: Int32) -> Bool { send("\(report.code) \(report.busy)", to: line) }

    static func nextOrder(from line: Int32) -> Received<Order> {
        receive(from: line) { first, second in
            switch first {
            case "run": .run(job: String(second))
            case "end": Int32(second).map { .end(grace: $0) }
            default: nil
            }
        }
    }

    static func nextReport(from line: Int32) -> Received<Report> {
        receive(from: line) { first, second in
            guard let code = Int32(first), let busy = Int64(second) else { return nil }
            return Report(code: code, busy: busy)
        }
    }

    private static func send(_ text: String, to line: Int32) -> Bool {
        var text = text
        return text.withUTF8 { Descriptor.write(line, UnsafeRawBufferPointer($0)) } == .bytes(text.utf8.count)
    }

    /// What cannot be understood ends the conversation.
    private static func receive<Message>(
        from line: Int32, _ read: (Substring, Substring) -> Message?
    ) -> Received<Message> {
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { buffer in
            switch Descriptor.read(line, into: buffer) {
            case .wouldBlock: return .nothing
            case .ended: return .ended
            case .bytes(let count):
                let words = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ", maxSplits: 1)
                guard words.count == 2, let message = read(words[0], words[1]) else { return .ended }
                return .message(message)
            }
        }
    }
}
