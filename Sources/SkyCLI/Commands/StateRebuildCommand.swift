import ArgumentParser
import SkyBroker
import SkyCore
import SkyProviders

struct StateRebuildCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Find runs again whose journal was lost, by the providers' tags.",
        discussion: """
            Every run that a provider holds something of, and that the journal does not know, is from then on in \
            'sky status' as 'rebuilt'. Its jobs go on, nothing drives it, and 'sky down RUN' gives it back. What \
            its stages were to do is not known any more. Doing it again brings it up to date.

            EXAMPLES
              sky state rebuild
              sky state rebuild --output json
            """)

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let console = context.console
        let providers = try ProviderSurvey(context)
        let access = try RunAccess(context, replacingLost: true)
        let runs = try access.rebuilt.rebuild(
            from: providers.survey, journal: access.broker.journal, at: context.now())
        try providers.complain(on: console)
        let rows = runs.map { RunRow($0) }
        if options.output == .json {
            try console.out.write(try JSONText.encode(RunListJSON(runs: rows.map(RunJSON.init))))
        } else if rows.isEmpty {
            try console.err.line("no provider holds anything of a run that the journal does not know")
        } else {
            try console.out.lines(
                RunListScreen(runs: rows, now: context.now()).lines(width: console.out.terminal.width))
            try console.err.line("\("sky down RUN", .none, bold: true) gives one back")
        }
        return providers.survey.failures.isEmpty ? .done : .providerRefused
    }
}
