public import SkyCore

/// What the broker says to one agent over one connection. Every call may be repeated on a new connection: submitting,
/// killing and shutting down twice is the same as once.
public actor AgentClient {
    /// Starts the job, or finds it already started under this id.
    public func submit(_ job: JobSpec) async throws(AgentError) -> JobState {
        throw AgentError(.disconnected, "not connected to an agent")
    }

    /// Nil when the agent has never heard of the job.
    public func state(ofJob id: String) async throws(AgentError) -> JobState? { nil }

    /// Returns when the job has ended; answers at once when it already has.
    public func waitForExit(ofJob id: String) async throws(AgentError) -> Int {
        throw AgentError(.disconnected, "not connected to an agent")
    }

    /// Asks the job's whole process group to end, and after `grace` makes it. Returns when nothing of it is left.
    public func kill(job id: String, grace: TimeSpan) async throws(AgentError) {}

    /// The job's output from byte `offset` on; with `follow`, until the job has ended. Ends by throwing `AgentError`
    /// when the connection breaks: follow again from the offset after the last chunk.
    public nonisolated func logs(
        ofJob id: String, from offset: Int64, follow: Bool
    ) -> AsyncThrowingStream<LogChunk, any Error> {
        AsyncThrowingStream { $0.finish() }
    }

    /// Kills every job and ends the agent.
    public func shutdown(grace: TimeSpan) async throws(AgentError) {}

    public func close() async {}
}

/// A stretch of a job's output, standard output and error together as the job wrote them.
public struct LogChunk: Hashable, Sendable {
    /// Where `bytes` begins in the job's log.
    public var offset: Int64
    public var bytes: [UInt8]

    public init(offset: Int64, bytes: [UInt8]) {
        self.offset = offset
        self.bytes = bytes
    }
}

/// Why a conversation with an agent ended without an answer.
public struct AgentError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// The connection is gone; connect again and repeat.
        case disconnected
        /// The agent understood and refused.
        case refused
        /// The other side speaks another version, or not this protocol at all.
        case protocolMismatch
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
