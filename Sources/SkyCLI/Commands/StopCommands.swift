import ArgumentParser
import SkyBroker
import SkyCore
import SkyProviders

struct CancelCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Stop a run, and give back all it holds.",
        discussion: """
            Waits until the providers list nothing of the run any more, or says what they still list when the time is \
            over. Ctrl-C stops the waiting, not the stopping. Ends with 0 if nothing is left, 3 if something is.

            EXAMPLES
              sky cancel support-tickets-7k2m
              sky cancel support-tickets-7k2m --wait 2m
            """)

    @OptionGroup var about: RunArgument
    @OptionGroup var patience: StopPatience
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        try RunStop(context: context, format: options.output, patience: patience.span).stop(about.run, .cancel)
    }
}

struct DownCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Stop a run's services, and give back all it holds.",
        discussion: """
            A run that had come to serve counts as done. On a terminal it asks first; --yes does not. Waits until the \
            providers list nothing of the run any more, or says what they still list when the time is over: then it \
            ends with 3, and the broker goes on giving back.

            EXAMPLES
              sky down support-tickets-7k2m
              sky down support-tickets-7k2m --yes
            """)

    @OptionGroup var about: RunArgument

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var patience: StopPatience
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        try RunStop(context: context, format: options.output, patience: patience.span)
            .stop(about.run, .down, asking: !yes)
    }
}

struct StopPatience: ParsableArguments {
    @Option(help: ArgumentHelp("How long to wait for the providers.", valueName: "duration"))
    var wait = "10m"

    var span: TimeSpan { TimeSpan(wait) ?? .zero }

    func validate() throws {
        guard TimeSpan(wait) != nil else {
            throw ValidationError("--wait \(wait): a duration is written as 90s, 10m or 1h30m")
        }
    }
}

/// Stops a run and waits until nothing of it is left.
private struct RunStop {
    let context: CommandContext
    let format: OutputFormat
    let patience: TimeSpan

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
        switch try watch.watchEnd(of: run, atMost: patience) {
        case .detached: return .interrupted
        case .settled(let row): return try conclude(row, run, access, watch)
        }
    }

    /// The run has ended, or the patience has: what counts is what the providers say.
    private func conclude(
        _ row: RunRow, _ run: RunID, _ access: RunAccess, _ watch: RunWatch
    ) throws -> ExitStatus {
        let state = try access.broker.journal.state(of: run)
        let used = state?.providersUsed ?? []
        let survey = used.isEmpty ? Survey(groups: []) : try ProviderSurvey(context, of: used).survey
        let left = state?.leftovers(in: survey) ?? []
        guard left.isEmpty, survey.failures.isEmpty, row.state.isFinal else {
            try tell(row, run, left, survey.failures, access)
            return .providerRefused
        }
        _ = try watch.conclude(row)
        // It ended as it was asked to.
        return .done
    }

    private func tell(
        _ row: RunRow, _ run: RunID, _ left: [Leftover], _ failures: [ProviderError], _ access: RunAccess
    ) throws {
        let (out, err, now) = (context.console.out, context.console.err, context.now())
        if format == .json {
            try out.write(try JSONText.encode(LeftoversJSON(row, left, failures: failures, at: now)))
        }
        if left.isEmpty, failures.isEmpty {
            try err.line("\("not done yet:", .yellow, bold: true) nothing of \(run) is rented, and it has not ended")
        } else if !left.isEmpty {
            let total = left.compactMap(\.pricePerHour).reduce(.zero, +)
            let price = "\(Figures.hourly(total))/h"
            try err.line("\("still rented:", .red, bold: true) \(Figures.count(left.count, "group")), \(price)")
            if format == .text {
                try out.lines(LeftoverScreen(leftovers: left, now: now).lines(width: out.terminal.width))
            }
        }
        for failure in failures { try err.line("\("not known:", .red, bold: true) \(failure)") }
        // `waiting`, or what a provider answered last.
        if let word = access.lastLines(of: access.broker.folder.driverLog(of: run)).last {
            try err.line("  \("its broker's last word: \(word.drop { $0.isNumber || $0 == " " })", .dim)")
        }
        let again = ("sky down \(run)", "goes on waiting")
        try err.lines(
            NextSteps.lines(
                row.state.isFinal
                    ? [("sky gc", "finds it and gives it back")] : [again, ("sky events \(run)", "says what happened")])
        )
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
        return try console.agrees(to: "Stop \(row.id), which is \(row.state.text)?")
    }
}
