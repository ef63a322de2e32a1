import SkyAWS
import SkyBroker
import SkyCore
import SkyPlacement
import SkyProviders
import SkyRuntime
import SkyStorage

/// The errors of the modules below, in words and exit codes of the command line.
enum FailureKinds {
    static func failure(for error: any Error) -> CommandFailure? {
        switch error {
        case let refusal as ProviderError: refused(refusal)
        case let obstacle as AgentError:
            CommandFailure(obstacle.kind == .refused ? .wrongRequest : .providerRefused, obstacle.message)
        case let obstacle as PlacementError: unplaced(obstacle)
        case let refusal as LaunchError: CommandFailure(.wrongRequest, refusal.description)
        case let trouble as JournalError:
            CommandFailure(.wrongRequest, trouble.description, hints: trouble.advice)
        case let problem as PlanFileError: CommandFailure(.wrongRequest, problem.description)
        case let trouble as StorageError: stored(trouble)
        case let trouble as AWSError: aws(trouble)
        default: nil
        }
    }

    private static func stored(_ error: StorageError) -> CommandFailure {
        if case .service(let trouble) = error { return service(trouble) }
        return CommandFailure(.wrongRequest, error.description)
    }

    private static func service(_ error: ServiceError) -> CommandFailure {
        switch error.kind {
        case .credentials, .settings, .cancelled: CommandFailure(.wrongRequest, error.message)
        case .refused, .noAnswer, .badAnswer: CommandFailure(.providerRefused, error.message)
        }
    }

    private static func aws(_ error: AWSError) -> CommandFailure {
        switch error.kind {
        case .credentials, .settings, .cancelled: CommandFailure(.wrongRequest, error.message)
        case .refused, .noAnswer, .badAnswer: CommandFailure(.providerRefused, error.message)
        }
    }

    private static func unplaced(_ error: PlacementError) -> CommandFailure {
        switch error {
        case .noOffers(let stages):
            let subject = stages.count == 1 ? "a stage" : "\(stages.count) stages"
            return CommandFailure(
                .wrongRequest, "there is no plan: \(subject) can run nowhere",
                details: stages.map { "\($0.stage): \($0.reason)" },
                hints: ["sky plan <file> --explain", "sky gpus", "sky check"])
        case .deadlineTooShort, .budgetTooSmall, .beyondCounting, .refused:
            return CommandFailure(.providerRefused, error.description)
        case .policyFailed(let policy, let reason, let output):
            return CommandFailure(
                .wrongRequest, "policy '\(policy)' failed: \(reason)", details: output.map { "| \($0)" })
        case .unknownPinnedStage, .malformedPipeline, .policyMisbehaved:
            return CommandFailure(.wrongRequest, error.description)
        }
    }

    private static func refused(_ error: ProviderError) -> CommandFailure {
        CommandFailure(
            error.kind == .badRequest ? .wrongRequest : .providerRefused, error.description, hints: ["sky check"])
    }
}
