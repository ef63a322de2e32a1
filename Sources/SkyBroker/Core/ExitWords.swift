public import SkyRuntime

/// How a command ended, in words.
public enum ExitWords {
    /// The numbers that POSIX and Linux agree on everywhere, of signals that end commands.
    private static let signals: [Int: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL: often by the system, when memory ran out", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM",
        15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ",
    ]

    /// `the command ended with exit code 137 (SIGKILL: often by the system, when memory ran out)`
    ///
    /// - Parameters:
    ///   - code: as a shell gives it: 0…255, or 128 + the signal.
    ///   - rank: the node whose command it was, of several: `rank 2: the command …`
    public static func sentence(_ code: Int, rank: Int? = nil) -> String {
        (rank.map { "rank \($0): " } ?? "") + sentence(of: code)
    }

    /// `the command took longer than its timeout of 2 h`
    ///
    /// - Parameter limit: `2 h`, `8 GB`; nil where it is not known.
    public static func sentence(_ exceeded: JobLimit, of limit: String? = nil, rank: Int? = nil) -> String {
        let what =
            switch exceeded {
            case .time: "took longer than its timeout"
            case .memory: "used more memory than its limit"
            }
        return (rank.map { "rank \($0): " } ?? "") + "the command \(what)" + (limit.map { " of \($0)" } ?? "")
    }

    private static func sentence(of code: Int) -> String {
        guard code != 0 else { return "the command ended well" }
        let signal = code > 128 ? signals[code - 128] : nil
        return "the command ended with exit code \(code)" + (signal.map { " (\($0))" } ?? "")
    }
}
