import CShims
import Glibc

/// Reading and writing of file descriptors, with interruptions dealt with.
public enum Descriptor {
    /// Opens with `O_CLOEXEC` always set, so that nothing leaks into processes that others start.
    public static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o600) throws(SystemError) -> Int32 {
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw .last("open \(path)") }
        }
    }

    /// A pipe whose ends are not inherited.
    public static func pipe() throws(SystemError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw .last("make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Makes reads and writes return at once, with `EAGAIN` when there is nothing to do.
    public static func setNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// What one `read` or `write` came to.
    public enum Outcome: Equatable {
        case bytes(Int)
        /// End of file, or the other side no longer reads.
        case ended
        case wouldBlock
    }

    /// One `read` into `buffer`. An error other than `EAGAIN` counts as the end.
    public static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            if errno == EAGAIN { return .wouldBlock }
            if errno != EINTR { return .ended }
        }
    }

    /// One `write` of `bytes`, without `SIGPIPE`. An error other than `EAGAIN` counts as the end.
    public static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Outcome {
        while true {
            let count = sky_write_quietly(descriptor, bytes.baseAddress, bytes.count)
            if count >= 0 { return .bytes(count) }
            if errno == EAGAIN { return .wouldBlock }
            if errno != EINTR { return .ended }
        }
    }

    /// Writes all of `bytes` to a blocking descriptor.
    public static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { sky_write_quietly(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) }
            if count < 0, errno != EINTR { throw .last("write") }
        }
    }

    /// Everything until the end of a blocking descriptor, or the first `limit` bytes of it.
    public static func readAll(_ descriptor: Int32, limit: Int = .max) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < limit {
            let wanted = min(chunk.count, limit - bytes.count)
            let count = Glibc.read(descriptor, &chunk, wanted)
            if count == 0 { break }
            if count > 0 { bytes.append(contentsOf: chunk[..<count]) }
            if count < 0, errno != EINTR { throw .last("read") }
        }
        return bytes
    }
}
