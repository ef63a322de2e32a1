import ArgumentParser
import SkyBroker
import SkyCore
import SkyProviders

struct CancelCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Stop a run, and give back all it holds.",
        discussion: """
            Waits until everything is given back; Ctrl-C stops the waiting, not the stopping.

            EXAMPLES
              sky cancel support-tickets-7k2m
            """)

    @OptionGroup var about: RunArgument
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        try RunStop(context: context, format: options.output).stop(about.run, .cancel)
    }
}

struct DownCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Stop a run's services, and give back all it holds.",
        discussion: """
            A run that had come to serve counts as done. On a terminal it asks first; --yes does not.

            EXAMPLES
              sky down support-tickets-7k2m
              sky down support-tickets-7k2m --yes
            """)

    @OptionGroup var about: RunArgument

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        try RunStop(context: context, format: options.output).stop(about.run, .down, asking: !yes)
    }
}

/// Stops a run and waits until nothing of it is left.
private struct RunStop {
    let context: CommandContext
    let format: OutputFormat

    func stop(_ name: String, _ reason: StopReason, asking: Bool = false) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(name)
        let row = try access.row(of: run)
        guard !row.state.isFinal else {
            try context.console.err.line("\(row.id) has ended already: \(row.state.styled)")
            return .done
        }
        guard try !asking || agrees(to: row) else {
            try context.console.err.line("nothing was stopped")
            return .interrupted
        }
        if let found = access.rebuilt.run(run) { return try giveBack(found, access) }
        try access.broker.stop(run, reason)
        let watch = RunWatch(
            access: access, context: context, interruptions: context.interruptions(), format: format)
        let status = try watch.watchEnd(of: run)
        // It ended as it was asked to.
        return status == .pipelineFailed ? .done : status
    }

    /// Nothing drives such a run, so this command gives it back itself.
    private func giveBack(_ run: RebuiltRun, _ access: RunAccess) throws -> ExitStatus {
        let providers = try ProviderSurvey(context)
        // What has come or gone since it was rebuilt.
        let held = providers.survey.groups.filter { $0.run == run.run }
        let left = try GroupReturn(context: context).giveBack(held, through: providers.registry)
        let silent = providers.survey.failures.filter { failure in
            run.groups.contains { $0.provider == failure.provider }
        }
        for (token, reason) in left.sorted(by: { $0.key < $1.key }) {
            try context.console.err.line("\("still there:", .red, bold: true) \(token): \(reason)")
        }
        for failure in silent { try context.console.err.line("\("not known:", .red, bold: true) \(failure)") }
        guard left.isEmpty, silent.isEmpty else { return .providerRefused }
        try access.rebuilt.forget(run.run)
        try context.console.err.line("\(run.run) is given back: \(Figures.count(held.count, "group"))")
        return .done
    }

    private func agrees(to row: RunRow) throws -> Bool {
        let console = context.console
        guard console.isAnswered else { return true }
        try console.err.write("Stop \(row.id), which is \(row.state.text)? [Y/n] ")
        return console.ask().map { ["", "y", "yes"].contains($0.lowercased()) } ?? false
    }
}
