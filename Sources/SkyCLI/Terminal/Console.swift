import Glibc
import SkyCore

/// Our output could not be written. A reader that has gone (`… | head -1`) is no mistake: the command just ends.
struct OutputClosed: Error, Hashable {
    /// As `errno` had it.
    let code: Int32

    var isReaderGone: Bool { code == EPIPE }
    var reason: String { String(cString: strerror(code)) }
}

/// Somewhere that text goes.
protocol TextOutput: Sendable {
    var terminal: Terminal { get }

    /// Writes all of it, at once and unbuffered.
    func write(_ bytes: [UInt8]) throws(OutputClosed)
}

extension TextOutput {
    func write(_ text: String) throws(OutputClosed) {
        if !text.isEmpty { try write(Array(text.utf8)) }
    }

    func line(_ text: StyledText = .empty) throws(OutputClosed) {
        try write(text.painted(terminal.style) + "\n")
    }

    func lines(_ lines: [StyledText]) throws(OutputClosed) {
        guard !lines.isEmpty else { return }
        let style = terminal.style
        try write(lines.map { $0.painted(style) + "\n" }.joined())
    }
}

/// The two streams of a command: results go to `out`, everything else that people should know to `err`.
struct Console: Sendable {
    let out: any TextOutput
    let err: any TextOutput
    /// A person is there to answer questions.
    let isAnswered: Bool
    /// A line typed by that person, without its end; nil when there is none.
    let ask: @Sendable () -> String?

    /// Asks a question that is answered with yes or no. An answer that is neither is no, and so is none.
    ///
    /// - Parameter byDefault: what just the return key means.
    func agrees(to question: String, byDefault: Bool = true) throws(OutputClosed) -> Bool {
        try err.write("\(question) \(byDefault ? "[Y/n]" : "[y/N]") ")
        guard let answer = ask()?.lowercased() else { return false }
        return answer.isEmpty ? byDefault : ["y", "yes"].contains(answer)
    }

    /// This process's own streams.
    static func standard(environment: [String: String]) -> Console {
        Console(
            out: DescriptorOutput(descriptor: STDOUT_FILENO, environment: environment),
            err: DescriptorOutput(descriptor: STDERR_FILENO, environment: environment),
            isAnswered: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1,
            ask: { readLine(strippingNewline: true) })
    }
}

/// An open file descriptor.
struct DescriptorOutput: TextOutput {
    private let descriptor: Int32
    private let environment: [String: String]

    init(descriptor: Int32, environment: [String: String]) {
        self.descriptor = descriptor
        self.environment = environment
    }

    /// Asked anew each time: windows change their size.
    var terminal: Terminal { Terminal(descriptor: descriptor, environment: environment) }

    func write(_ bytes: [UInt8]) throws(OutputClosed) {
        let failure = bytes.withUnsafeBytes { writeAll($0) }
        if let failure { throw OutputClosed(code: failure) }
    }

    /// Nil, or why it could not be written whole.
    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var writable = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&writable, 1, -1)
            default: return errno
            }
        }
        return nil
    }
}
