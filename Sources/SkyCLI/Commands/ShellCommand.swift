import ArgumentParser
import Glibc
import SkyBroker
import SkyCore
import SkyProcess
import SkyProviders
import SkyRuntime

struct ShellCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh",
        abstract: "Open a shell on a node of a stage.",
        usage: "sky ssh <run> <stage> [<rank>] [-- <command> ...]",
        discussion: """
            The shell is in the stage's working directory and has its variables; what is typed there is no part of the \
            run, and ends with the node. With a command behind --, runs that instead, as ssh does, and ends with its \
            exit code.

            EXAMPLES
              sky ssh support-tickets-7k2m train
              sky ssh support-tickets-7k2m train 3
              sky ssh support-tickets-7k2m train -- nvidia-smi

            The stage must have a job on its nodes. Those of one that fails are kept for you by \
            'sky launch --keep-on-failure 30m'.
            """)

    @OptionGroup var about: RunArgument

    @Argument(help: "The stage.")
    var stage: String

    @Argument(help: "The node's rank, from 0.")
    var rank = 0

    @Argument(parsing: .postTerminator, help: "What to run instead of a shell.")
    var command: [String] = []

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let node = try HeldNode(rank, of: stage, in: try access.find(about.run), access, context)
        let hasTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        let line = command.isEmpty ? nil : command.joined(separator: " ")
        let entrance = try AsyncWork.run {
            try await node.channel.entrance(job: node.job, command: line, hasTerminal: hasTerminal)
        }
        // From here on the terminal is that shell's, and its end is this command's.
        try ProcessReplacement.become(entrance.executable, entrance.arguments)
        return .done
    }
}
