import Glibc
import SkyHTTP
import SkyKubernetes
import SkyProcess
import SkyRuntime

/// `sky kubernetes-exec`: a command in a pod with this process's own streams.
public struct PodExec: Sendable {
    private let way: ClusterWay
    private let command: PodCommand

    /// What it ends with when the command's own status is not known.
    public static let failed: Int32 = 255

    public init(
        _ way: ClusterWay, namespace: String, pod: String, command: [String], hasInput: Bool, hasTerminal: Bool
    ) {
        self.way = way
        self.command = PodCommand(
            namespace: namespace, pod: pod, command: command, hasInput: hasInput, hasTerminal: hasTerminal)
    }

    /// The status to end with. What goes wrong on the way is on standard error: in words, and a pod that is gone as a `HostReply`.
    public func run() async -> Int32 {
        let request: HTTPRequest
        do throws(KubernetesError) {
            let access = try way.access()
            let client = KubernetesClient(access, credentials: way.credentials(access), caller: HTTPCaller())
            request = try await client.request(
                .exec(
                    command.command, in: command.container, of: command.pod, command.namespace,
                    hasInput: command.hasInput, hasTerminal: command.hasTerminal))
        } catch { return complain(.refused(error)) }
        let command = command
        let result = await onOwnThread { Self.run(command, request) }
        switch result {
        case .success(let status): return Int32(clamping: status)
        case .failure(let failure): return complain(failure)
        }
    }

    private static func run(_ command: PodCommand, _ request: HTTPRequest) -> Result<Int, PodStreamFailure> {
        signal(SIGPIPE, SIG_IGN)
        let terminal = command.hasTerminal ? RawTerminal(STDIN_FILENO) : nil
        defer { terminal?.restore() }
        // A terminal is shared with whoever started us, and would stay so for them too.
        for stream in [STDOUT_FILENO, STDERR_FILENO] where isatty(stream) == 0 { Descriptor.setNonBlocking(stream) }
        do throws(PodStreamFailure) {
            return .success(
                try command.run(request, input: STDIN_FILENO, output: STDOUT_FILENO, errors: STDERR_FILENO) {
                    RawTerminal.size
                })
        } catch { return .failure(error) }
    }

    private func complain(_ failure: PodStreamFailure) -> Int32 {
        let words: String =
            switch failure {
            case .gone(let reason): HostReply(failure: HostFailure(.lost, reason)).line
            // As OpenSSH says it: whoever reads it sorts it in the same way.
            case .refused(let error): "Permission denied: \(error.message)\n"
            case .unreachable(let reason): "\(reason)\n"
            case .broken(let reason): HostReply(failure: HostFailure(.damaged, reason)).line
            }
        try? Descriptor.writeAll(STDERR_FILENO, Array(words.utf8))
        return Self.failed
    }
}

/// A terminal that hands on every key as it is typed.
private struct RawTerminal {
    private let descriptor: Int32
    private let before: termios

    /// Nil of what is no terminal.
    init?(_ descriptor: Int32) {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
        before = settings
        cfmakeraw(&settings)
        tcsetattr(descriptor, TCSANOW, &settings)
    }

    func restore() {
        var settings = before
        tcsetattr(descriptor, TCSANOW, &settings)
    }

    /// Nil where there is none.
    static var size: TerminalSize? {
        var window = winsize()
        for stream in [STDIN_FILENO, STDOUT_FILENO] where ioctl(stream, UInt(TIOCGWINSZ), &window) == 0 {
            if window.ws_col > 0 { return TerminalSize(columns: Int(window.ws_col), rows: Int(window.ws_row)) }
        }
        return nil
    }
}
