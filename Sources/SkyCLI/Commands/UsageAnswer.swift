import ArgumentParser
import SkyCore

/// What the argument parser has to say instead of running a command: help, a version, a completion script, or that
/// the arguments are wrong.
struct UsageAnswer {
    private let text: String
    private let isMistake: Bool

    /// Nil for errors that are not the parser's.
    init?(_ error: any Error, width: Int?) {
        guard !(error is CommandFailure), !(error is OutputClosed) else { return nil }
        let code = RootCommand.exitCode(for: error)
        guard code == .success || code == .validationFailure else { return nil }
        isMistake = code != .success
        text = RootCommand.fullMessage(for: error, columns: min(width ?? 100, 100))
    }

    func give(on console: Console) throws -> ExitStatus {
        guard isMistake else {
            try console.out.write(text.hasSuffix("\n") ? text : "\(text)\n")
            return .done
        }
        let style = console.err.terminal.style
        let prefix = "Error: "
        let message = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
        try console.err.write(
            "\(style.paint("error:", .red, bold: true)) \(lines.first ?? "")\n"
                + lines.dropFirst().map { "\($0)\n" }.joined())
        return .wrongRequest
    }
}
