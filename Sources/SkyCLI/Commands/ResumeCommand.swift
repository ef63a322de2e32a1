import ArgumentParser
import SkyBroker
import SkyCore

struct ResumeCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a run whose broker died, and watch it.",
        discussion: """
            What was done is not done again. A run that goes on anyway is just watched.

            EXAMPLES
              sky resume support-tickets-7k2m
              sky resume support-tickets-7k2m --detach
            """)

    @OptionGroup var about: RunArgument

    @Flag(name: .shortAndLong, help: "Do not watch the run.")
    var detach = false

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        let err = context.console.err
        guard try access.row(of: run).state.tone != .halted else {
            throw CommandFailure(
                .wrongRequest, "\(run) is stopped: nothing of it can be resumed before it is started",
                hints: ["sky start \(run)"])
        }
        if try access.broker.ensureDriven(run) {
            try err.line("\("picked up", .yellow) \(run), whose broker had died")
        }
        let watch = RunWatch(
            access: access, context: context, interruptions: context.interruptions(), format: options.output)
        return detach ? try watch.conclude(access.row(of: run)) : try watch.watch(run)
    }
}
