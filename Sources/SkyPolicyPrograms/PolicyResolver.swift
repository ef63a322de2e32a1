public import SkyCore
public import SkyPlacement

/// Makes policies of what people write: built-in ones by name, programs after `exec:`, and several with `then` between.
public struct PolicyResolver {
    private let folder: String
    private let timeLimit: TimeSpan
    private let carbon: CarbonSource

    /// - Parameters:
    ///   - folder: what the path of a program is relative to; absolute.
    ///   - timeLimit: how long a program may take.
    ///   - carbon: the figures of the carbon policy, asked for only when it is chosen.
    public init(
        folder: String, timeLimit: TimeSpan = ProgramPolicy.usualTimeLimit, carbon: @escaping CarbonSource
    ) {
        self.folder = folder
        self.timeLimit = timeLimit
        self.carbon = carbon
    }

    /// A policy, and how to write it so that it means the same from any folder.
    public struct Resolved: Sendable {
        public let policy: any PlacementPolicy
        public let notation: String
    }

    /// - Throws: `PolicyNotationError` when it is not understood or there is no such program, and what `carbon` throws.
    public func resolve(_ text: String) throws -> Resolved {
        var policies: [any PlacementPolicy] = []
        var notations: [String] = []
        for part in PolicyNotation.parts(of: text) {
            if part.hasPrefix(ProgramCommand.prefix) {
                let command = try ProgramCommand(String(part.dropFirst(ProgramCommand.prefix.count)), in: folder)
                policies.append(ProgramPolicy(command, timeLimit: timeLimit))
                notations.append(command.notation)
            } else {
                policies.append(try BuiltInPolicies.policy(part, carbon: carbon))
                notations.append(part)
            }
        }
        guard let first = policies.first else { throw PolicyNotationError("a policy's name is missing") }
        let policy = policies.dropFirst().reduce(first) { earlier, later in earlier.then(later) }
        return Resolved(policy: policy, notation: notations.joined(separator: " then "))
    }
}
