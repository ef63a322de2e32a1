import Glibc
import SkyCore
public import SkyHTTP

/// A command that runs in a pod's container, with streams of this process as its own.
public struct PodCommand: Sendable {
    public var namespace: String
    public var pod: String
    public var container: String
    /// Program and arguments.
    public var command: [String]
    public var hasInput: Bool
    public var hasTerminal: Bool

    public init(
        namespace: String, pod: String, container: String = PodManifest.containerName, command: [String],
        hasInput: Bool = true, hasTerminal: Bool = false
    ) {
        self.namespace = namespace
        self.pod = pod
        self.container = container
        self.command = command
        self.hasInput = hasInput
        self.hasTerminal = hasTerminal
    }

    /// Servers from 1.30 on let one stream end by itself.
    private static let closing = "v5.channel.k8s.io"
    static let protocols = [closing, "v4.channel.k8s.io"]

    private static let output: UInt8 = 1
    private static let errors: UInt8 = 2
    private static let status: UInt8 = 3
    private static let size: UInt8 = 4
    private static let end: UInt8 = 255
    /// How long a command may go on when we have nothing more for it, and nobody hears it any more.
    private static let grace = Duration.seconds(1)

    /// Runs it, and returns the status that it ended with. Blocks the thread.
    ///
    /// Servers before 1.30 have no way to end the command's input alone: only the end of the connection ends it. So when ours has
    /// ended, and nobody reads what the command prints any more, the connection is closed, and 0 is returned whatever it did.
    ///
    /// - Parameters:
    ///   - request: from `KubernetesClient.request`.
    ///   - terminal: the size of the terminal, as often as it is asked for.
    public func run(
        _ request: HTTPRequest, input: Int32, output: Int32, errors: Int32,
        terminal: () -> TerminalSize? = { nil }
    ) throws(PodStreamFailure) -> Int {
        let socket: WebSocket
        do throws(WebSocket.Refusal) { socket = try WebSocket(request, protocols: Self.protocols) } catch {
            throw PodStreamFailure(error, "run a command in pod \(pod)")
        }
        let stream = PodStream(
            socket, source: hasInput ? input : nil,
            targets: [Self.output: .descriptor(output), Self.errors: .descriptor(errors), Self.status: .kept])
        var shownSize: TerminalSize?
        var hasEnded = false
        var deadline: ContinuousClock.Instant?
        while !stream.isOver {
            if hasTerminal, let size = terminal(), size != shownSize {
                try stream.send(Array(size.text.utf8), on: Self.size)
                shownSize = size
            }
            if try stream.turn(waiting: hasTerminal ? .milliseconds(250) : hasEnded ? Self.grace : .seconds(5)) {
                hasEnded = true
                if socket.chosenProtocol == Self.closing { try stream.send([0], on: Self.end) }
            }
            if let said = stream.kept[Self.status].flatMap(KubernetesStatus.init), !stream.hasWaiting {
                return try result(said)
            }
            guard hasEnded, Self.isReaderGone(output) else { continue }
            deadline = deadline ?? .now + Self.grace
            if let deadline, ContinuousClock.now > deadline {
                stream.close()
                return 0
            }
        }
        if let said = stream.kept[Self.status].flatMap(KubernetesStatus.init) { return try result(said) }
        throw .broken("the connection to pod \(pod) ended before its command did")
    }

    /// True of a pipe or socket whose other end is closed.
    private static func isReaderGone(_ descriptor: Int32) -> Bool {
        var events = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&events, 1, 0) > 0 && Int32(events.revents) & (POLLERR | POLLHUP) != 0
    }

    private func result(_ status: KubernetesStatus) throws(PodStreamFailure) -> Int {
        if let code = status.exitCode { return code }
        let words = status.message ?? "no reason is given"
        // The container is not there, or has no such program.
        if words.contains("executable file not found") || words.contains("no such file or directory") { return 127 }
        if words.contains("not found") || words.contains("not running") || words.contains("no running task") {
            throw .gone("pod \(pod): \(words)")
        }
        throw .broken("pod \(pod): \(words)")
    }
}

/// How large somebody's terminal is.
public struct TerminalSize: Hashable, Sendable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    var text: String { "{\"Width\":\(columns),\"Height\":\(rows)}" }
}
