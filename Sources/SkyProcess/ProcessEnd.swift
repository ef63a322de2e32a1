import CShims

/// How a process ended.
public enum ProcessEnd: Hashable, Sendable {
    /// 0…255.
    case exited(code: Int)
    case signalled(Int32)

    /// The code a shell would give: 0…255, or 128 + the signal.
    public var shellCode: Int {
        switch self {
        case .exited(let code): code
        case .signalled(let signal): 128 + Int(signal)
        }
    }

    /// From the status that `waitpid` fills in of a process that has ended.
    public init(waitStatus status: Int32) {
        let signal = sky_wait_signal(status)
        self = signal > 0 ? .signalled(signal) : .exited(code: Int(sky_wait_exit_code(status)))
    }
}
