/// A node that is a folder on a host of somebody's own: one at a time, it has the whole host.
public struct HostNode: Hashable, Sendable, Codable {
    public enum State: String, Hashable, Sendable, Codable {
        case running
        /// Its lease has run out, or it died with its machine.
        case lost
    }

    public var token: String
    public var rank: Int
    /// What the broker that made it has written down about it; nobody here looks into it.
    public var note: String
    public var state: State
    /// Where its agent works, absolute.
    public var directory: String
    /// Milliseconds since 1970 by the host's clock.
    public var createdAt: Int64

    public init(token: String, rank: Int, note: String, state: State, directory: String, createdAt: Int64) {
        self.token = token
        self.rank = rank
        self.note = note
        self.state = state
        self.directory = directory
        self.createdAt = createdAt
    }
}

/// What a node of a host is to be.
public struct HostClaim: Hashable, Sendable, Codable {
    /// 1…200 letters, digits, `-`, `_` and `.`, not first a dot.
    public var token: String
    public var rank: Int
    public var note: String
    /// The lease that it has from its first second, in milliseconds; nil for none.
    public var lease: Int64?
    /// The shell command that gives the machine back when the lease has run out; nil where the machine stays.
    public var endCommand: String?

    public init(token: String, rank: Int, note: String, lease: Int64?, endCommand: String? = nil) {
        self.token = token
        self.rank = rank
        self.note = note
        self.lease = lease
        self.endCommand = endCommand
    }
}

/// What `sky-agent host` answers: one line of JSON behind `mark`, so that whatever a login shell prints before it does no
/// harm.
public struct HostReply: Hashable, Sendable, Codable {
    public static let mark = "@sky "

    public var failure: HostFailure?
    public var nodes: [HostNode]
    /// Whether what was asked for is there.
    public var exists: Bool?

    public init(failure: HostFailure? = nil, nodes: [HostNode] = [], exists: Bool? = nil) {
        self.failure = failure
        self.nodes = nodes
        self.exists = exists
    }
}
