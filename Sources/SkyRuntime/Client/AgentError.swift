/// Why a conversation with an agent ended without an answer.
public struct AgentError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// The connection is gone; connect again and repeat.
        case disconnected
        /// The agent understood and refused.
        case refused
        /// The node's lease has run out: it ends itself, and a job that was running has been cut short. What it had to
        /// do must be done elsewhere.
        case ending
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
