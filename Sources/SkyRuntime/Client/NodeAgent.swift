public import SkyCore

/// What a node can be asked to do, whoever answers: the agent's process, or what stands in for one in a test.
///
/// Every call may be repeated on a new connection: submitting and killing twice is the same as once.
public protocol NodeAgent: Sendable {
    /// The program that runs containers on the node; nil where none is known of.
    var containers: String? { get }

    /// What the node can do about mounts; nil where nothing is known of it.
    var mounts: MountAbility? { get }

    /// Starts the job, or finds it already started under this id.
    func submit(_ job: JobSpec) async throws(AgentError) -> JobState

    /// Starts a command beside a job, or finds it started or queued under its id.
    func submit(_ request: BesideRequest) async throws(AgentError) -> JobState

    /// The jobs that have not ended: those that run, then those that wait, in the order of their turns.
    func jobs() async throws(AgentError) -> [JobListing]

    /// What the node and its machine have used until now.
    func stats() async throws(AgentError) -> NodeStats

    /// Nil when the node has never heard of the job.
    func state(ofJob id: String) async throws(AgentError) -> JobState?

    /// Returns when the job has ended; answers at once when it already has.
    func waitForEnd(ofJob id: String) async throws(AgentError) -> JobEnd

    /// Asks the job's whole process group to end, and after `grace` makes it. Returns when nothing of it is left.
    func kill(job id: String, grace: TimeSpan) async throws(AgentError)

    /// The job's output from byte `offset` on; with `follow`, until the job has ended. Ends by throwing `AgentError`
    /// when the connection breaks: follow again from the offset after the last chunk.
    func logs(ofJob id: String, from offset: Int64, follow: Bool) -> AsyncThrowingStream<LogChunk, any Error>

    /// Lets the node go on for `span` from now, whatever was left of its lease.
    ///
    /// - Parameter span: more than zero, at most 365 days.
    /// - Throws: `AgentError` of kind `ending` when it is too late.
    func renewLease(for span: TimeSpan) async throws(AgentError)

    /// Calls that are under way, and those that come, fail as disconnected.
    func close() async
}

extension NodeAgent {
    public var containers: String? { nil }
    public var mounts: MountAbility? { nil }

    /// The exit code alone of `waitForEnd`.
    public func waitForExit(ofJob id: String) async throws(AgentError) -> Int { try await waitForEnd(ofJob: id).code }
}

extension AgentClient: NodeAgent {
    public nonisolated var containers: String? { agent.containers }
    public nonisolated var mounts: MountAbility? { agent.mounts }
}
