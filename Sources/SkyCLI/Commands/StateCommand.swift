import ArgumentParser
import SkyBroker

struct StateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "Look after the journal, in which everything that happened is kept.",
        discussion: """
            EXAMPLES
              sky state check
              sky state claim
              sky state rebuild
            """,
        subcommands: [StateCheckCommand.self, StateClaimCommand.self, StateRebuildCommand.self])
}

struct StateCheckCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether the journal is whole, and what can be read of it if not.",
        discussion: """
            Reads every page and every event, and changes nothing. Ends with 2 when something is wrong.

            EXAMPLES
              sky state check
              sky state check --output json
            """)

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let report = Journal.check(StateFolder(path: try context.paths().state).journal)
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(JournalReportJSON(report)))
        case .text: try out.lines(JournalReportScreen(report: report).lines)
        }
        return report.isSound ? .done : .wrongRequest
    }
}

struct StateClaimCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Make the journal this machine's own, when the machine that has it is gone for good.",
        discussion: """
            Two machines that write to one journal destroy it, so a journal on a shared file system belongs to one of \
            them. Another may take it over by itself once nobody has it open and all its runs have ended. Claim it only \
            when no sky runs on the other machine any more.

            EXAMPLES
              sky state claim
              sky state claim --yes
            """)

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(in context: CommandContext) throws -> ExitStatus {
        let path = StateFolder(path: try context.paths().state).journal
        let console = context.console
        if !yes {
            guard console.isAnswered else {
                throw CommandFailure(
                    .wrongRequest, "nobody is here to agree to that no sky runs on the other machine",
                    hints: ["sky state claim --yes"])
            }
            guard try console.agrees(to: "Is the other machine gone, and every sky on it?", byDefault: false) else {
                try console.err.line("nothing was changed")
                return .interrupted
            }
        }
        let former = try Journal.claim(path)
        try console.err.line("the journal is this machine's now\(former.map { "; it was that of \($0)" } ?? "")")
        return .done
    }
}
