#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An emulated cloud that holds a call when it is told to, so that a test may kill whoever made it in that very moment.
public protocol HoldingCloud: Sendable {
    /// Tells it what to hold from now on, if anything, and returns what it looks like then. Nil only looks.
    func held(_ wish: HeldCall?) throws -> HeldCalls
}

/// Which call is held (`Emulators/held_call.py`).
public struct HeldCall: Encodable, Sendable {
    public enum When: String, Encodable, Sendable, CaseIterable {
        /// It is not carried out when its caller is dead by the time that it is let go.
        case before
        /// It was carried out, and its answer is held.
        case after
    }

    private var call: Int?
    private var when: When?
    private var from: String?

    /// - Parameter from: a pattern; calls are counted from the first that matches it on.
    public init(_ call: Int, _ when: When, from: String) {
        (self.call, self.when, self.from) = (call, when, from)
    }

    private init() {}

    /// Holds nothing more, and lets go what is held.
    public static let none = HeldCall()
}

public struct HeldCalls: Decodable, Sendable {
    public let is_held: Bool
    /// How many machines there are, those too that are just going.
    public let machines: Int
    /// The most at one time since something was last told.
    public let most: Int
    /// How many calls there were since.
    public let count: Int
    /// What is or was held since: `DELETE /api/v1/namespaces/sky/pods/…`.
    public let text: String
}
