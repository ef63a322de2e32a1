import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyPolicyPrograms
import SkySpec

/// Finds the policy that a command line or a pipeline file names.
struct PolicyAccess {
    private let context: CommandContext
    private let timeLimit: TimeSpan

    /// - Parameter timeLimit: how long a program may take; nil: as long as usual.
    init(_ context: CommandContext, timeLimit: TimeSpan? = nil) throws {
        self.context = context
        self.timeLimit = timeLimit ?? ProgramPolicy.usualTimeLimit
        guard self.timeLimit > .zero else {
            throw CommandFailure(
                .wrongRequest, "--policy-timeout \(self.timeLimit): expected more than nothing",
                hints: ["--policy-timeout 2m"])
        }
    }

    /// What a shell can complete after `--policy`.
    static var completions: [String] {
        BuiltInPolicies.all.map { policy in
            policy.parameters.contains(where: \.isRequired) ? "\(policy.name):" : policy.name
        } + ["exec:./"]
    }

    /// The policy of the command line, else the file's, else the one that the file's objective names.
    ///
    /// - Returns: the policy, and the pipeline as it is to run, which names the policy so that a driver finds it again.
    func policy(for pipeline: Pipeline, option: String?) throws -> (any PlacementPolicy, Pipeline) {
        guard let text = option ?? pipeline.policy else { return (pipeline.objective.policy, pipeline) }
        let folder = option == nil ? pipeline.directory : FileManager.default.currentDirectoryPath
        let resolver = PolicyResolver(folder: folder, timeLimit: timeLimit) { [context] in
            try Self.carbonFigures(in: context.installation())
        }
        do {
            let resolved = try resolver.resolve(text)
            var pipeline = pipeline
            pipeline.policy = resolved.notation
            pipeline.objective = resolved.policy.objective(insteadOf: pipeline.objective)
            return (resolved.policy, pipeline)
        } catch let error as PolicyNotationError {
            let place = option == nil ? "policy: \(text)" : "--policy \(text)"
            throw CommandFailure(
                .wrongRequest, "\(place): \(error.message)", hints: error.hints + ["sky policies"])
        }
    }

    /// The policy that a run was planned with, for planning a part of it again.
    static func policy(
        ofRun pipeline: Pipeline, in context: CommandContext
    ) throws(PlacementError) -> any PlacementPolicy {
        do { return try PolicyAccess(context).policy(for: pipeline, option: nil).0 } catch {
            let failure = CommandFailure(error)
            throw .policyFailed(policy: pipeline.policy ?? "", reason: failure.message, output: [])
        }
    }

    private static func carbonFigures(in installation: Installation) throws -> CarbonFigures {
        func file(_ name: String) throws -> SourceFile {
            let path = "\(installation.providers)/carbon/\(name)"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw CommandFailure(.wrongRequest, "the carbon policy has no figures: cannot read \(path)")
            }
            return SourceFile(path: path, text: text)
        }
        var figures = try CarbonFigures(grid: try file("grid.csv"), power: try file("power.csv"))
        figures.addWatts(of: try AcceleratorSpeeds.load(root: installation.providers))
        return figures
    }
}
