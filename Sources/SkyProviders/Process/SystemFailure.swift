import Glibc

/// A system call that did not work.
struct SystemFailure: Error, Hashable, CustomStringConvertible {
    /// What was being done, with the path: `make the folder /x`.
    var action: String
    var code: Int32

    init(_ action: String, _ code: Int32 = errno) {
        self.action = action
        self.code = code
    }

    var description: String { "could not \(action): \(String(cString: strerror(code)))" }

    /// What mends itself or can be mended while the broker waits is passing trouble; the rest never works.
    func providerError(_ provider: String) -> ProviderError {
        let lasting: Set<Int32> = [EACCES, EPERM, EROFS, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EISDIR, ENOENT]
        return ProviderError(lasting.contains(code) ? .badRequest : .transient, provider: provider, description)
    }
}

/// Repeats `call` while a signal interrupts it.
func retryingInterrupts<Result: FixedWidthInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
