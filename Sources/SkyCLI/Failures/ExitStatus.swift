/// What a command's end tells a script.
enum ExitStatus: Int32, Sendable {
    case done = 0
    /// The pipeline ran and failed, or was cancelled.
    case pipelineFailed = 1
    /// The request was wrong: an argument, a file, a name, or this machine's own set-up.
    case wrongRequest = 2
    /// A provider refused, or none can do what was asked.
    case providerRefused = 3
    /// Ctrl-C ended the command itself.
    case interrupted = 130
}
