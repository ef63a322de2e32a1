import SkySpec

/// How a stage's engine failed it, as the exit code of the node's job says.
public enum EngineFailure: String, Hashable, Sendable, Codable, CaseIterable {
    /// It cannot be had on the node: not installed, or no Java.
    case unavailable
    /// It was not up on all nodes in time.
    case incomplete
    /// It ended while the command ran.
    case broken

    /// `launch.py` has the same numbers; a command that ends with one of them is made to end with 1.
    public var exitCode: Int {
        switch self {
        case .unavailable: 120
        case .incomplete: 121
        case .broken: 122
        }
    }

    /// Nil for all other codes.
    public init?(exitCode: Int) {
        guard let failure = Self.allCases.first(where: { $0.exitCode == exitCode }) else { return nil }
        self = failure
    }

    /// `rank 1: the engine could not be installed or started`
    public func sentence(rank: Int? = nil) -> String {
        let what =
            switch self {
            case .unavailable: "the engine cannot be had on this node"
            case .incomplete: "the engine was not up on all nodes in time"
            case .broken: "the engine ended while the command ran"
            }
        return (rank.map { "rank \($0): " } ?? "") + what
    }
}
