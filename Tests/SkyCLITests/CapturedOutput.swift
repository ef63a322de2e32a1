import SkyCore
import SkyProcess
import Synchronization

@testable import SkyCLI

/// A stream that remembers what was written, in place of a terminal or a file.
final class CapturedOutput: TextOutput {
    let terminal: Terminal
    private let written = Mutex<[UInt8]>([])
    /// After this many writes the reader is gone.
    private let patience: Int
    private let writes = Mutex(0)

    init(terminal: Terminal = .none, patience: Int = .max) {
        self.terminal = terminal
        self.patience = patience
    }

    var bytes: [UInt8] { written.withLock { $0 } }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func write(_ bytes: [UInt8]) throws(OutputClosed) {
        let count = writes.withLock { count in
            count += 1
            return count
        }
        guard count <= patience else { throw OutputClosed(code: 32) }
        written.withLock { $0 += bytes }
    }
}

/// The whole command line run inside this process, as its user sees it.
struct CommandRun {
    let status: Int32
    let out: String
    let err: String

    /// On a thread of its own: commands wait for tasks, and must not take a thread that these need.
    ///
    /// `answers` are what a person types, in order; none: nobody is there.
    init(
        _ arguments: [String], environment: [String: String] = [:], terminal: Terminal = .none,
        answers: [String] = [], now: Instant = Instant(millisecondsSince1970: 1_800_000_000_000),
        lookUpLimit: TimeSpan = .seconds(5)
    ) async {
        let out = CapturedOutput(terminal: terminal)
        let err = CapturedOutput(terminal: terminal)
        let left = TypedAnswers(answers)
        let context = CommandContext(
            console: Console(out: out, err: err, isAnswered: !answers.isEmpty, ask: { left.next() }),
            environment: environment, now: { now },
            executable: "/nowhere/sky", interruptions: { NoInterruptions() }, lookUpLimit: lookUpLimit)
        status = await withCheckedContinuation { continuation in
            startThread { continuation.resume(returning: SkyCommandLine.run(arguments, in: context)) }
        }
        self.out = out.text
        self.err = err.text
    }

    /// The world of a command that nobody watches.
    static func context(environment: [String: String]) -> CommandContext {
        CommandContext(
            console: Console(out: CapturedOutput(), err: CapturedOutput(), isAnswered: false, ask: { nil }),
            environment: environment, now: { Instant(millisecondsSince1970: 0) }, executable: "/nowhere/sky",
            interruptions: { NoInterruptions() })
    }

    init(status: Int32, out: String, err: String) {
        (self.status, self.out, self.err) = (status, out, err)
    }

    /// All a person sees, for golden files.
    var transcript: String {
        "exit: \(status)\n----- stdout\n\(out)----- stderr\n\(err)"
    }
}

/// Nobody touches the keyboard.
struct NoInterruptions: InterruptionSource {
    func next(within limit: TimeSpan) -> Interruption? { nil }
    func suspend() {}
}

private final class TypedAnswers: Sendable {
    private let answers: Mutex<[String]>

    init(_ answers: [String]) { self.answers = Mutex(answers) }

    func next() -> String? { answers.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}

/// Joined for golden files, without colour.
func plainText(_ lines: [StyledText]) -> String { lines.map { $0.painted(.plain) + "\n" }.joined() }
