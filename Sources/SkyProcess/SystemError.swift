import Glibc

/// A system call that failed: what was being done, to what, and the system's reason.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The `errno` of the call.
    public var code: Int32
    /// What was being done, as the end of "cannot …": `start /bin/sh`.
    public var action: String

    public init(_ action: String, code: Int32) {
        self.action = action
        self.code = code
    }

    /// Takes the reason from `errno`: call it right after the system call that failed.
    public static func last(_ action: String) -> SystemError { SystemError(action, code: errno) }

    public var description: String { "cannot \(action): \(String(cString: strerror(code)))" }
}
