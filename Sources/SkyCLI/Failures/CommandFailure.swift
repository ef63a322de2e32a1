import SkyCore

/// Why a command did not do what it was asked: what, the circumstances, and what to type next.
struct CommandFailure: Error, Hashable, Sendable {
    var status: ExitStatus
    /// One sentence without a full stop.
    var message: String
    /// Circumstances, a line each.
    var details: [String]
    /// Commands, or sentences, that lead on.
    var hints: [String]

    init(_ status: ExitStatus = .wrongRequest, _ message: String, details: [String] = [], hints: [String] = []) {
        self.status = status
        self.message = message
        self.details = details
        self.hints = hints
    }

    var lines: [StyledText] {
        var lines: [StyledText] = ["\("error:", .red, bold: true) \(message, .none, bold: true)"]
        lines += details.map { "  \($0)" }
        lines += hints.map { "  \("→", .green) \($0)" }
        return lines
    }
}

extension CommandFailure {
    /// Any error as one that people can read.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        default: self = FailureKinds.failure(for: error) ?? CommandFailure(String(describing: error))
        }
    }

    init(_ message: String) { self.init(.wrongRequest, message) }
}
