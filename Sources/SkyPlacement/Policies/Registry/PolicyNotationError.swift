/// Why a policy's name or parameters are not understood: what is wrong, and what would be right.
public struct PolicyNotationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence without a full stop.
    public var message: String
    /// What to write instead, or what is known.
    public var hints: [String]

    public init(_ message: String, hints: [String] = []) {
        self.message = message
        self.hints = hints
    }

    public var description: String { ([message] + hints).joined(separator: "; ") }
}
