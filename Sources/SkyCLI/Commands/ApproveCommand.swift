import ArgumentParser
import SkyBroker
import SkyCore

struct ApproveCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Answer what a run asks: whether it may cost more than was agreed to.",
        discussion: """
            A run asks when a stage can only be had for more than 'on_deviation' allows, or when a budget with \
            'at_limit: ask' is spent. Nobody answers for a quarter of an hour: the answer is no.

            EXAMPLES
              sky approve support-tickets-7k2m
              sky approve support-tickets-7k2m --deny
            """)

    @OptionGroup var about: RunArgument

    @Flag(help: "Say no.")
    var deny = false

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        guard let state = try access.broker.journal.state(of: run), !state.questions.isEmpty else {
            throw CommandFailure(.wrongRequest, "\(run) asks nothing", hints: ["sky status \(run)"])
        }
        let err = context.console.err
        for question in state.questions {
            try access.broker.answer(question, isYes: !deny, of: run)
            try err.line("\(deny ? "no" : "yes", .yellow) to: \(question.text)")
        }
        return .done
    }
}
