import Glibc
import SkyProcess

/// A lock that one process, and one task in it, holds at a time, and that the kernel gives back when its holder dies.
///
/// Many locks share one file, each by a byte of its own, which need not be there: a file for each would be made and
/// removed for every group, and a file system remembers both for a while.
///
/// Whoever gets one gives it back exactly once: `defer { lock.release() }` on the next line.
struct WaitingLock: Sendable {
    private let descriptor: Int32

    /// Waits as long as it takes for the lock of that name in a file, which is made if it is missing. A wait that would
    /// block happens on a thread of its own: blocked threads of Swift's pool could be the very ones that the holder
    /// needs to go on.
    static func acquire(_ name: String, in path: String) async throws(SystemError) -> WaitingLock {
        let (descriptor, byte) = (try Descriptor.open(path, O_RDWR | O_CREAT), byte(of: name))
        var code = Descriptor.lockByte(descriptor, at: byte, waits: false)
        if code == EAGAIN { code = await onOwnThread { Descriptor.lockByte(descriptor, at: byte, waits: true) } }
        return try WaitingLock(descriptor, code, path)
    }

    /// For moments only: blocks the thread.
    static func hold(_ path: String) throws(SystemError) -> WaitingLock {
        let descriptor = try Descriptor.open(path, O_RDWR | O_CREAT)
        return try WaitingLock(descriptor, Descriptor.lockByte(descriptor, at: 0, waits: true), path)
    }

    func release() { close(descriptor) }

    private init(_ descriptor: Int32, _ code: Int32, _ path: String) throws(SystemError) {
        guard code == 0 else {
            close(descriptor)
            throw SystemError("lock \(path)", code: code)
        }
        self.descriptor = descriptor
    }

    /// Two names that meet at one of 2⁶² bytes would only wait for each other.
    private static func byte(of name: String) -> Int64 { Int64(Fate.seed(0, name) >> 2) }
}
