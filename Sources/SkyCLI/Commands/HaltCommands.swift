import ArgumentParser
import SkyBroker
import SkyCatalog
import SkyCore
import SkyProviders

struct StopCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop a run until 'sky start', and keep the disks of its machines.",
        discussion: """
            Jobs are asked to end, and what they have saved is fetched. Then machines are stopped where their cloud can: \
            their disks stay, and go on costing what the cloud takes for disks, which 'sky cost' does not count. Others \
            are given back: those of spot, and of providers that stop nothing. 'sky start' rents these anew and goes on \
            from the checkpoint. It says beforehand which are which, and asks on a terminal; --yes does not.

            Waits until nothing runs any more. Ends with 0 if so, 3 if something still runs when the time is over.

            EXAMPLES
              sky stop support-tickets-7k2m
              sky stop support-tickets-7k2m --yes
            """)

    @OptionGroup var about: RunArgument

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var patience: StopPatience
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        let err = context.console.err
        guard let state = try access.broker.journal.state(of: run) else {
            throw CommandFailure(
                .wrongRequest, "the journal of \(run) is lost: it can only be given back", hints: ["sky down \(run)"])
        }
        guard state.endedAt == nil, state.status != .stopped else {
            let word = state.endedAt == nil ? "is stopped already" : "has ended already: \(state.status.rawValue)"
            try err.line("\(run) \(word)")
            return .done
        }
        guard state.stopping == nil else {
            throw CommandFailure(
                .wrongRequest, "\(run) is ending, and cannot be started again", hints: ["sky status \(run)"])
        }
        try err.lines(try forecast(of: state, context))
        guard try yes || agrees(run, context.console) else {
            try err.line("nothing was stopped")
            return .interrupted
        }
        try access.broker.halt(run)
        let watch = RunWatch(
            access: access, context: context, interruptions: context.interruptions(), format: options.output)
        switch try watch.watchHalt(of: run, atMost: patience.span) {
        case .detached: return .interrupted
        case .settled(let row): return try conclude(row, watch, context)
        }
    }

    private func conclude(_ row: RunRow, _ watch: RunWatch, _ context: CommandContext) throws -> ExitStatus {
        guard row.state.isFinal || row.state.tone == .halted else {
            let err = context.console.err
            try err.line("\("not done yet:", .yellow, bold: true) something of \(row.id) still runs")
            try err.lines(
                NextSteps.lines([
                    ("sky stop \(row.id)", "goes on waiting"), ("sky events \(row.id)", "says what happened"),
                ]))
            return .providerRefused
        }
        return try watch.conclude(row)
    }

    /// What will become of each group of machines.
    private func forecast(of state: RunState, _ context: CommandContext) throws -> [StyledText] {
        let groups = state.nodesToHalt
        guard !groups.isEmpty else { return [] }
        let access = CatalogAccess(context)
        let registry = try access.adapters(for: try access.load(only: Set(groups.map(\.provider))).providers)
        return groups.map { group in
            let machines =
                "\(group.numNodes > 1 ? "\(group.numNodes) × " : "")\(group.instanceType) of \(group.provider)"
            let asked = (try? registry.adapter(for: group.provider))?.obstacleToStopping(group.token)
            guard let obstacle = group.obstacle ?? asked else {
                return "  \(StyledText(group.stage, .cyan)): \(machines) is stopped, and its disks are kept"
            }
            return
                "  \(StyledText(group.stage, .cyan)): \(machines) is given back, and rented anew by 'sky start': \(obstacle)"
        }
    }

    private func agrees(_ run: RunID, _ console: Console) throws -> Bool {
        guard console.isAnswered else { return true }
        return try console.agrees(to: "Stop \(run)?")
    }
}

struct StartCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Go on with a run that was stopped, and watch it.",
        discussion: """
            Machines that are stopped are started: they have other addresses then, and show the same host keys. Where \
            one cannot be had now, and where machines were given back, others are rented. Stages go on from their \
            checkpoints; what is done is not done again, and services serve anew.

            EXAMPLES
              sky start support-tickets-7k2m
              sky start support-tickets-7k2m --detach
            """)

    @OptionGroup var about: RunArgument

    @Flag(name: .shortAndLong, help: "Do not watch the run.")
    var detach = false

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        let row = try access.row(of: run)
        guard !row.state.isFinal else {
            throw CommandFailure(
                .wrongRequest, "\(run) has ended: \(row.state.text)",
                hints: ["sky launch FILE runs it again: what is done is not done twice"])
        }
        if try !access.broker.start(run), try access.broker.journal.state(of: run)?.isHalted != true {
            try context.console.err.line("\(run) is not stopped: it is \(row.state.text)")
        }
        let watch = RunWatch(
            access: access, context: context, interruptions: context.interruptions(), format: options.output)
        return detach ? try watch.conclude(access.row(of: run)) : try watch.watchStart(of: run)
    }
}
