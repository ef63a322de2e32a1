#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The `Status` object: how a call that was refused was refused, and how a command ended.
public struct KubernetesStatus: Hashable, Sendable, Decodable {
    public struct Cause: Hashable, Sendable, Decodable {
        public var reason: String?
        public var message: String?
    }

    public struct Details: Hashable, Sendable, Decodable {
        public var causes: [Cause]?
        public var retryAfterSeconds: Int?
    }

    public var kind: String?
    /// `Success` or `Failure`.
    public var status: String?
    public var message: String?
    /// `NotFound`, `AlreadyExists`, `Forbidden`, …
    public var reason: String?
    public var details: Details?
    public var code: Int?

    /// Nil of anything else.
    public init?(_ bytes: [UInt8]) {
        guard let found = try? JSONDecoder().decode(Self.self, from: Data(bytes)), found.status != nil else {
            return nil
        }
        self = found
    }

    /// Of a command that ran: 0 if all is well. Nil where it is not said that one ran.
    public var exitCode: Int? {
        if status == "Success" { return 0 }
        guard reason == "NonZeroExitCode" else { return nil }
        return details?.causes?.first { $0.reason == "ExitCode" }?.message.flatMap { Int($0) }
    }
}
