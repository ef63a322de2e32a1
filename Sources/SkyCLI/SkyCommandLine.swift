import ArgumentParser
import Glibc
import SkyCore

/// The program `sky`, from its arguments to its exit status.
public enum SkyCommandLine {
    /// Runs this process's arguments and ends the process. Synchronous on purpose: only commands that need tasks
    /// start the machinery of tasks.
    public static func main() -> Never {
        // A reader that goes away is an error of write(2), not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        exit(run(Array(CommandLine.arguments.dropFirst()), in: .process()))
    }

    /// Parses and executes `arguments`; what there is to say is said on the context's console.
    static func run(_ arguments: [String], in context: CommandContext) -> Int32 {
        do {
            return try parseAndExecute(arguments, in: context).rawValue
        } catch let closed as OutputClosed {
            guard !closed.isReaderGone else { return ExitStatus.done.rawValue }
            return report(CommandFailure(.wrongRequest, "cannot write the output: \(closed.reason)"), in: context)
        } catch {
            return report(error, in: context)
        }
    }

    private static func report(_ error: any Error, in context: CommandContext) -> Int32 {
        let report = FailureReport(error)
        // When not even that can be said, the status still can.
        try? report.show(on: context.console.err)
        return report.status.rawValue
    }

    private static func parseAndExecute(_ arguments: [String], in context: CommandContext) throws -> ExitStatus {
        try refuseUnknownCommand(arguments)
        do {
            var command = try RootCommand.parseAsRoot(arguments)
            if let command = command as? any SkySubcommand { return try command.execute(in: context) }
            try command.run()  // only those that the parser brings along: `help`, and groups without a subcommand
            return .done
        } catch {
            guard let usage = UsageAnswer(error, width: context.console.out.terminal.width) else { throw error }
            return try usage.give(on: context.console)
        }
    }

    /// The parser would only say "unexpected argument".
    private static func refuseUnknownCommand(_ arguments: [String]) throws {
        guard let word = arguments.first, !word.hasPrefix("-") else { return }
        let names = RootCommand.subcommandNames
        guard !names.contains(word), word != "help" else { return }
        let nearest = nearestName(to: word, among: names)
        throw CommandFailure(
            .wrongRequest, "no command '\(word)'",
            hints: [nearest.map { "did you mean 'sky \($0)'?" }, "sky --help"].compactMap { $0 })
    }
}
