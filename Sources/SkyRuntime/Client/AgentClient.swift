public import SkyCore
import SkyProcess

/// What the broker says to one agent over one connection. Every call may be repeated on a new connection: submitting,
/// killing and shutting down twice is the same as once.
///
/// Calls may overlap: a wait for a job's end holds up nothing else. Cancelling the task of a call gives it up, with
/// `AgentError.Kind.disconnected`, and leaves the connection as it is.
public actor AgentClient {
    private nonisolated let connection: ClientConnection

    /// What the agent said of itself and its machine.
    public nonisolated let agent: AgentInfo

    /// Connects to the agent that listens in a node's directory on this machine.
    public init(connectingTo directory: String) async throws(AgentError) {
        let socket: Int32
        do throws(SystemError) {
            socket = try UnixSocket.connect(to: NodeFolder.socket(in: directory))
        } catch {
            throw AgentError(.disconnected, "no agent answers in \(directory): \(error)")
        }
        try await self.init(readingFrom: socket, writingTo: socket)
    }

    /// Talks to an agent over two descriptors, or one that goes both ways: the ends of a channel's `sky-agent relay`.
    /// They belong to the client from now on, even if this throws, and are closed by it.
    public init(readingFrom input: Int32, writingTo output: Int32) async throws(AgentError) {
        let connection = ClientConnection(input: input, output: output)
        let answer: AgentResponse.Answer
        do throws(AgentError) {
            answer = try await connection.request(.hello(protocolVersion: AgentProtocol.version))
        } catch {
            connection.close()
            throw error
        }
        guard case .hello(let agent) = answer else {
            connection.close()
            throw AgentError(.protocolMismatch, "the other side does not say hello as an agent does")
        }
        self.connection = connection
        self.agent = agent
    }

    deinit { connection.close() }

    /// Starts the job, or finds it already started under this id.
    public func submit(_ job: JobSpec) async throws(AgentError) -> JobState {
        guard let state = try await jobState(.submit(job: job)) else {
            throw Self.unexpected("submitting \(job.id)")
        }
        return state
    }

    /// Starts a command beside a job, or finds it started or queued under its id.
    public func submit(_ request: BesideRequest) async throws(AgentError) -> JobState {
        guard let state = try await jobState(.beside(request: request)) else {
            throw Self.unexpected("submitting \(request.id)")
        }
        return state
    }

    /// The jobs that have not ended: those that run, then those that wait, in the order of their turns.
    public func jobs() async throws(AgentError) -> [JobListing] {
        guard case .jobs(let jobs) = try await connection.request(.list) else { throw Self.unexpected("listing jobs") }
        return jobs
    }

    /// What the node and its machine have used until now.
    public func stats() async throws(AgentError) -> NodeStats {
        guard case .stats(let stats) = try await connection.request(.stats) else {
            throw Self.unexpected("asking what is used")
        }
        return stats
    }

    /// Nil when the agent has never heard of the job.
    public func state(ofJob id: String) async throws(AgentError) -> JobState? {
        try await jobState(.state(job: id))
    }

    /// Returns when the job has ended; answers at once when it already has.
    public func waitForEnd(ofJob id: String) async throws(AgentError) -> JobEnd {
        guard case .exited(let code, let exceeded) = try await jobState(.wait(job: id)) else {
            throw Self.unexpected("waiting for \(id)")
        }
        return JobEnd(code: code, exceeded: exceeded)
    }

    /// Asks the job's whole process group to end, and after `grace` makes it. Returns when nothing of it is left.
    public func kill(job id: String, grace: TimeSpan) async throws(AgentError) {
        try await done(.kill(job: id, grace: grace), "killing \(id)")
    }

    /// The job's output from byte `offset` on; with `follow`, until the job has ended. Ends by throwing `AgentError`
    /// when the connection breaks: follow again from the offset after the last chunk.
    ///
    /// The agent sends as fast as the stream is read, so a slow reader holds up nobody and fills no memory. Leaving
    /// the loop gives the stream up.
    public nonisolated func logs(
        ofJob id: String, from offset: Int64, follow: Bool
    ) -> AsyncThrowingStream<LogChunk, any Error> {
        let cursor = LogCursor(connection: connection, job: id, offset: offset, follow: follow)
        return AsyncThrowingStream { try await cursor.next() }
    }

    /// Kills every job and ends the agent. Returns when both are gone, but for the last moment of the agent's process.
    ///
    /// - Returns: true if the agent knows for certain that nothing else is left of the node: it is the first that has
    ///   run jobs there, and its kernel says that it has no descendants.
    @discardableResult
    public func shutdown(grace: TimeSpan) async throws(AgentError) -> Bool {
        let isAlone: Bool
        switch try await connection.request(.shutdown(grace: grace)) {
        case .alone: isAlone = true
        case .done: isAlone = false
        default: throw Self.unexpected("shutting down")
        }
        await connection.waitForEnd()
        return isAlone
    }

    /// Lets the node go on for `span` from now, whatever was left of its lease; a node without one has one from now
    /// on. To be called again when a third of it has passed: a node whose lease has run out ends itself.
    ///
    /// - Parameter span: more than zero, at most 365 days.
    /// - Throws: `AgentError` of kind `ending` when it is too late.
    public func renewLease(for span: TimeSpan) async throws(AgentError) {
        try await done(.renewLease(span: span), "renewing the lease")
    }

    /// Calls that are under way, and those that come, fail as disconnected.
    public func close() async { connection.close() }

    private func jobState(_ call: AgentRequest.Call) async throws(AgentError) -> JobState? {
        guard case .job(let state) = try await connection.request(call) else {
            throw Self.unexpected("asking for a job")
        }
        return state
    }

    private func done(_ call: AgentRequest.Call, _ action: String) async throws(AgentError) {
        guard case .done = try await connection.request(call) else { throw Self.unexpected(action) }
    }

    static func unexpected(_ action: String) -> AgentError {
        AgentError(.protocolMismatch, "the agent's answer to \(action) makes no sense")
    }
}

/// A stretch of a job's output, standard output and error together as the job wrote them.
public struct LogChunk: Hashable, Sendable {
    /// Where `bytes` begins in the job's log: beyond the end of the last one where what was between is kept no more.
    public var offset: Int64
    public var bytes: [UInt8]
    /// Which parts of it went to which stream, and when; before the first of them, as before.
    public var marks: [LogMark]

    public init(offset: Int64, bytes: [UInt8], marks: [LogMark] = []) {
        self.offset = offset
        self.bytes = bytes
        self.marks = marks
    }
}

/// A place in a job's log that moves on with every chunk.
private actor LogCursor {
    private let connection: ClientConnection
    private let job: String
    private var offset: Int64
    private let follow: Bool
    private var isAtEnd = false

    init(connection: ClientConnection, job: String, offset: Int64, follow: Bool) {
        self.connection = connection
        self.job = job
        self.offset = offset
        self.follow = follow
    }

    func next() async throws(AgentError) -> LogChunk? {
        guard !isAtEnd else { return nil }
        switch try await connection.request(.readLog(job: job, offset: offset, follow: follow)) {
        case .log(let start, let bytes, let marks):
            // Whoever is at the other end: a place that no log reaches must not be counted on from.
            guard start >= offset, start < Int64.max / 2, !bytes.isEmpty else {
                throw AgentClient.unexpected("reading a log")
            }
            offset = start + Int64(bytes.count)
            return LogChunk(offset: start, bytes: [UInt8](bytes), marks: marks.map { LogMarks.decode($0) } ?? [])
        case .endOfLog:
            isAtEnd = true
            return nil
        default: throw AgentClient.unexpected("reading a log")
        }
    }
}
