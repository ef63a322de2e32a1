import FoundationEssentials
import SkyCore

/// The version of everything in this folder. Raised whenever an older side would misunderstand a newer one.
enum AgentProtocol {
    static let version = 5
    /// In bytes of JSON, without the four of the length.
    static let messageLimit = 1 << 20
    /// Most bytes of a log in one answer: as base64 and with its frame they stay well under the message limit.
    static let logChunkLimit = 512 << 10
}

/// One request, with a number of the asker's choice that the answer carries too.
struct AgentRequest: Codable, Equatable {
    var id: UInt64
    var call: Call

    enum Call: Codable, Equatable {
        /// Must come first on every connection.
        case hello(protocolVersion: Int)
        case submit(job: JobSpec)
        /// A command beside a job that is or was on this node.
        case beside(request: BesideRequest)
        /// Answered by `jobs`.
        case list
        /// Answered by `stats`.
        case stats
        case state(job: String)
        /// Answered when the job has ended.
        case wait(job: String)
        /// Answered when nothing of the job is left.
        case kill(job: String, grace: TimeSpan)
        /// Answered when there is at least one byte from `offset` on, or when there will never be one.
        case readLog(job: String, offset: Int64, follow: Bool)
        /// Takes back an earlier request of this connection, which is then never answered. Has no answer itself.
        case cancel(request: UInt64)
        /// Answered by `done` or `alone` when all jobs have ended.
        case shutdown(grace: TimeSpan)
        /// From now on the node ends itself when `span` has passed without another.
        case renewLease(span: TimeSpan)
    }
}

/// The one answer to a request.
struct AgentResponse: Codable, Equatable {
    /// Nil when the request was too garbled to have a number.
    var id: UInt64?
    var answer: Answer

    enum Answer: Codable, Equatable {
        case hello(agent: AgentInfo)
        /// `state` is nil when the agent has never heard of the job.
        case job(state: JobState?)
        case jobs(jobs: [JobListing])
        case stats(stats: NodeStats)
        case done
        /// Done, and of all processes that were ever started on this node only the agent is left.
        case alone
        /// `offset` is beyond what was asked for where that is kept no more; `marks` as `LogMarks` has them.
        case log(offset: Int64, bytes: Data, marks: Data? = nil)
        /// The log ends at `offset`: the job has ended, or the request did not want to follow.
        case endOfLog(offset: Int64)
        case refused(message: String)
        /// The node's lease has run out: it does nothing any more, and what it was doing has no result.
        case ending(message: String)
        /// The connection is closed after this one.
        case protocolMismatch(message: String)
    }
}
