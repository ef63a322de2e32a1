import Glibc
import SkyProcess

/// The pipes that a job prints to, and their way into its log. The supervisor holds both ends, so that they have no end
/// while the job lives.
final class OutputPipes {
    private let output: (reading: Int32, writing: Int32)
    private let errors: (reading: Int32, writing: Int32)
    private let log: LogWriter

    init(into log: LogWriter) throws(SystemError) {
        self.log = log
        output = try Descriptor.pipe()
        errors = try Descriptor.pipe()
        for end in [output.reading, errors.reading] { Descriptor.setNonBlocking(end) }
    }

    deinit {
        for end in [output.reading, output.writing, errors.reading, errors.writing] { close(end) }
    }

    /// What the job's commands get.
    var streams: (output: Int32, errors: Int32) { (output.writing, errors.writing) }

    /// Waits until one of `others` can be read, but not beyond `deadline`, and writes down what is printed meanwhile.
    func pump(until deadline: Int64?, or others: [Int32]) {
        var polled = ([output.reading, errors.reading] + others).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        guard poll(&polled, nfds_t(polled.count), pollTimeout(until: deadline)) > 0 else { return }
        if polled[0].revents != 0 { _ = move(output.reading, .output) }
        if polled[1].revents != 0 { _ = move(errors.reading, .errors) }
    }

    /// Writes down what is in the pipes now.
    func drain() {
        for (pipe, stream) in [(output.reading, LogStream.output), (errors.reading, .errors)] {
            // A pipe has room for less than that: whoever goes on writing is not waited for.
            for _ in 0..<32 where !move(pipe, stream) { break }
        }
    }

    /// False when there is nothing.
    private func move(_ pipe: Int32, _ stream: LogStream) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            guard case .bytes(let count) = Descriptor.read(pipe, into: buffer) else { return false }
            log.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: stream)
            return true
        }
    }
}
