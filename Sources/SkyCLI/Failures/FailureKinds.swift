import SkyCore
import SkyProviders

/// The errors of the modules below, in words and exit codes of the command line.
enum FailureKinds {
    static func failure(for error: any Error) -> CommandFailure? {
        switch error {
        case let refusal as ProviderError: failure(for: refusal)
        default: nil
        }
    }

    private static func failure(for error: ProviderError) -> CommandFailure {
        CommandFailure(
            error.kind == .badRequest ? .wrongRequest : .providerRefused, error.description, hints: ["sky check"])
    }
}
