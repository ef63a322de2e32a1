/// Why a host did not do what was asked of it.
public struct HostFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, Codable {
        /// The node is gone, or was lost with its machine: there is no way back.
        case lost
        /// Another group has the host.
        case held
        /// The path leads out of the node, or there is nothing there to be read.
        case badPath
        /// What was sent came damaged, or was changed while it was read: again.
        case damaged
        /// The disk is full, or the user's share of it.
        case noSpace
        case system
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
